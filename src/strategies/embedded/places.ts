import { stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { formats } from '../../models/index.ts'
import { allFiles, directFiles, fileError, folders } from './files.ts'

/** What lies at a path: one model (a file, or a bundle: a folder of its files), or a repository: a folder with one folder for each version. */
export interface Place { readonly kind: 'file' | 'bundle' | 'repository'; readonly path: string; readonly name: string }
/** version: undefined where only the content tells it. */
export interface Candidate { readonly path: string; readonly version: string | undefined }

/** A folder in which a format recognises the files that lie directly in it is a bundle (some formats: all that lie below it); another one that has folders
    is a repository. */
export async function placeAt(path: string): Promise<Place> {
  try {
    const whole = resolve(path)
    if (!(await stat(whole)).isDirectory()) return { kind: 'file', path: whole, name: basename(whole, extname(whole)) }
    const name = basename(whole)
    const files = await directFiles(whole)
    if (files.names.length > 0) for (const format of formats) if (await format.detect(files)) return { kind: 'bundle', path: whole, name }
    const versions = await folders(whole), nested = formats.filter(format => format.inFolders)
    if (versions.length > 0 && nested.length > 0) {
      const all = await allFiles(whole)
      for (const format of nested) if (await format.detect(all)) return { kind: 'bundle', path: whole, name }
    }
    if (files.names.length > 0) {
      const { strangeFolder, stranger } = await import('../../models/formats/strangers/index.ts')
      const strange = versions.length > 0 ? await strangeFolder(files) : await stranger(files)
      if (strange !== undefined) throw strange
    }
    return { kind: 'repository', path: whole, name }
  } catch (cause) { throw fileError(path, cause) }
}

/** What may be taken, the best first. */
export async function candidates(place: Place): Promise<Candidate[]> {
  if (place.kind !== 'repository') return [{ path: place.path, version: undefined }]
  const versions = await folders(place.path)
  return versions.sort((a, b) => natural(b, a)).map(version => ({ path: join(place.path, version), version }))
}

/** Natural order: runs of digits compare as numbers, all else by character: 9 < 10, v9 < v10, 1.2.9 < 1.10.0. */
export function natural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [], right = b.match(/\d+|\D+/g) ?? []
  for (let i = 0; i < left.length && i < right.length; i++) {
    const one = left[i]!, other = right[i]!
    if (one === other) continue
    if (/\d/.test(one) && /\d/.test(other)) {
      const x = BigInt(one), y = BigInt(other)
      if (x !== y) return x < y ? -1 : 1
    } else return one < other ? -1 : 1
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0)
}
