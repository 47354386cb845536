import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { SluiceError, type Files } from '../../core/index.ts'

/** What a model's files look like from outside; equal stamps: nobody has written in between. */
export interface Stamp {
  readonly text: string
  readonly files: number
  readonly bytes: number
  /** When anything of it was last written, renamed or added. */
  readonly changedMs: number
}
/** The files of one model as they were at one moment, in memory: what is read is what was digested. */
export interface Snapshot {
  readonly files: Files
  /** The first 12 hex digits of SHA-256: of the content of a single file (as `sha256sum` prints it), else of the lines `DIGEST  NAME`, sorted by name. */
  readonly digest: string
  readonly bytes: number
}

/** Not yet, or not for us: what is being written, and what belongs to the system. */
const ignored = (name: string): boolean => name.startsWith('.') || name.endsWith('.tmp') || name.endsWith('.part')

const DEPTH_MAX = 8                                   // a link may lead back to a folder above it

export async function stampOf(path: string): Promise<Stamp> {
  const lines: string[] = []
  let bytes = 0, files = 0, changedMs = 0
  for (const { name, stats: { size, mtimeMs, ctimeMs, ino } } of await walk(path)) {
    changedMs = Math.max(changedMs, mtimeMs, ctimeMs)
    if (name === undefined) continue
    files++
    bytes += size
    lines.push(`${name} ${size} ${mtimeMs} ${ctimeMs} ${ino}`)
  }
  return { text: lines.join('\n'), files, bytes, changedMs }
}

export async function snapshotOf(path: string): Promise<Snapshot> {
  const contents = new Map<string, Uint8Array>()
  let bytes = 0
  for (const { name, at } of await walk(path)) {
    if (name === undefined) continue
    const content = await readFile(at)
    contents.set(name, content)
    bytes += content.length
  }
  return { files: filesOf(contents), digest: digestOf(contents), bytes }
}

/** The files that lie directly in a folder, read when they are asked for. */
export async function directFiles(path: string): Promise<Files> {
  const names = await entries(path, 'file')
  return { names, read: name => readFile(join(path, name)) }
}
/** All files below a folder, read when they are asked for. */
export async function allFiles(path: string): Promise<Files> {
  const found = new Map((await walk(path)).flatMap(({ name, at }) => name === undefined ? [] : [[name, at] as const]))
  return {
    names: [...found.keys()],
    async read(name) {
      const at = found.get(name)
      if (at === undefined) throw new SluiceError('SLUICE_MODEL_BROKEN', `the model has no file '${name}'`)
      return readFile(at)
    },
  }
}
export const folders = (path: string): Promise<string[]> => entries(path, 'folder')

/** An error of the file system in the words of a user. */
export function fileError(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOENT' || code === 'ENOTDIR') return new SluiceError('SLUICE_MODEL_MISSING', `no model at '${path}'`, { at: path, cause })
  if (code === 'EACCES' || code === 'EPERM') return new SluiceError('SLUICE_FILE_DENIED', `the model at '${path}' may not be read`, { at: path, cause })
  return cause
}

async function entries(path: string, kind: 'file' | 'folder'): Promise<string[]> {
  const listed = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !ignored(name))
  const kinds = await Promise.all(listed.map(async entry => {
    const found = entry.isSymbolicLink() ? await stat(join(path, entry.name)) : entry
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : undefined
  }))
  return listed.map(({ name }) => name).filter((_, i) => kinds[i] === kind).sort()
}

/** name: undefined for a folder. */
interface Found { readonly name: string | undefined; readonly at: string; readonly stats: Stats }
/** Everything at and below a path, sorted by name; the path itself is never ignored. At once, not one after the other: while records flow
    every wait takes a turn of the event loop. */
async function walk(path: string, name = '', depth = 0): Promise<Found[]> {
  const stats = await stat(path)
  if (!stats.isDirectory()) return [{ name: name === '' ? basename(path) : name, at: path, stats }]
  if (depth > DEPTH_MAX) return []
  const names = (await readdir(path)).filter(entry => !ignored(entry)).sort()
  const found = await Promise.all(names.map(entry => walk(join(path, entry), name === '' ? entry : `${name}/${entry}`, depth + 1)))
  return [{ name: undefined, at: path, stats }, ...found.flat()]
}

function filesOf(contents: ReadonlyMap<string, Uint8Array>): Files {
  return {
    names: [...contents.keys()],
    async read(name) {
      const content = contents.get(name)
      if (content === undefined) throw new SluiceError('SLUICE_MODEL_BROKEN', `the model has no file '${name}'`)
      return content
    },
  }
}
function digestOf(contents: ReadonlyMap<string, Uint8Array>): string {
  const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex')
  const [only] = contents.values()
  const names = [...contents.keys()].sort()
  const whole = contents.size === 1 ? sha256(only!) : sha256(names.map(name => `${sha256(contents.get(name)!)}  ${name}\n`).join(''))
  return whole.slice(0, 12)
}
