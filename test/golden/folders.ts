import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Files } from '../../src/core/models.ts'
import { zipFiles } from '../../src/models/formats/zip.ts'
import { bytesOf, folder } from './golden.ts'

/** A golden model that is a folder, with all that lies in it. */
export function filesIn(path: string): Files {
  const root = fileURLToPath(new URL(`${path}/`, folder))
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`.slice(root.length).replace(/^\/+/, ''))
  return { names: names.sort(), read: async name => bytesOf(`${path}/${name}`) }
}

/** A model in memory: names of files and what stands in them. */
export type Contents = ReadonlyMap<string, Uint8Array>
export const filesOf = (contents: Contents): Files => ({ names: [...contents.keys()], read: async name => contents.get(name)! })

/** What lies in a golden model that is a zip archive. */
export async function unzipped(path: string): Promise<Map<string, Uint8Array>> {
  const files = zipFiles(path, bytesOf(path)), contents = new Map<string, Uint8Array>()
  for (const name of files.names) contents.set(name, await files.read(name))
  return contents
}
