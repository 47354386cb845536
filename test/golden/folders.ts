import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Files } from '../../src/core/models.ts'
import { bytesOf, folder } from './golden.ts'

/** A golden model that is a folder, with all that lies in it. */
export function filesIn(path: string): Files {
  const root = fileURLToPath(new URL(`${path}/`, folder))
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`.slice(root.length).replace(/^\/+/, ''))
  return { names: names.sort(), read: async name => bytesOf(`${path}/${name}`) }
}
