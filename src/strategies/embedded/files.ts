import { createHash } from 'node:crypto'
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
export const ignored = (name: string): boolean => name.startsWith('.') || name.endsWith('.tmp') || name.endsWith('.part')

const DEPTH_MAX = 8                                   // a link may lead back to a folder above it

export async function stampOf(path: string): Promise<Stamp> {
  const lines: string[] = []
  let bytes = 0, files = 0, changedMs = 0
  await walk(path, '', async (name, at) => {
    const { size, mtimeMs, ctimeMs, ino } = await stat(at)
    changedMs = Math.max(changedMs, mtimeMs, ctimeMs)
    if (name.endsWith('/')) return
    files++
    bytes += size
    lines.push(`${name} ${size} ${mtimeMs} ${ctimeMs} ${ino}`)
  })
  return { text: lines.join('\n'), files, bytes, changedMs }
}

export async function snapshotOf(path: string): Promise<Snapshot> {
  const contents = new Map<string, Uint8Array>()
  let bytes = 0
  await walk(path, '', async (name, at) => {
    if (name.endsWith('/')) return
    const content = await readFile(at)
    contents.set(name, content)
    bytes += content.length
  })
  return { files: filesOf(contents), digest: digestOf(contents), bytes }
}

/** The files that lie directly in a folder, read when they are asked for. */
export async function directFiles(path: string): Promise<Files> {
  const names: string[] = []
  for (const name of await entries(path)) if ((await stat(join(path, name))).isFile()) names.push(name)
  return { names, read: name => readFile(join(path, name)) }
}
export async function folders(path: string): Promise<string[]> {
  const names: string[] = []
  for (const name of await entries(path)) if ((await stat(join(path, name))).isDirectory()) names.push(name)
  return names
}

/** An error of the file system in the words of a user. */
export function fileError(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOENT' || code === 'ENOTDIR') return new SluiceError('SLUICE_MODEL_MISSING', `no model at '${path}'`, { at: path, cause })
  if (code === 'EACCES' || code === 'EPERM') return new SluiceError('SLUICE_FILE_DENIED', `the model at '${path}' may not be read`, { at: path, cause })
  return cause
}

const entries = async (path: string): Promise<string[]> => (await readdir(path)).filter(name => !ignored(name)).sort()

/** Folders end with '/', and come before what they hold; the path itself is never ignored. A single file is visited under its own name. */
async function walk(path: string, name: string, visit: (name: string, path: string) => Promise<void>, depth = 0): Promise<void> {
  if (!(await stat(path)).isDirectory()) return visit(name === '' ? basename(path) : name, path)
  if (depth > DEPTH_MAX) return
  await visit(`${name}/`, path)
  for (const entry of await entries(path)) await walk(join(path, entry), name === '' ? entry : `${name}/${entry}`, visit, depth + 1)
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
