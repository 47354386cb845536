import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SluiceError } from '../../core/index.ts'
import { failing, folderError } from './errors.ts'
import { formatOf } from './options.ts'
import type { FileFormat, FileSourceOptions } from './options.ts'

/** One file that is read: a partition. */
export interface SourceFile { readonly partition: string; readonly path: string; readonly format: FileFormat; readonly size: number }

/** All files the options name, in order: paths as they are listed, those of a pattern by name.
    @throws SLUICE_FILE_MISSING, SLUICE_FILE_DENIED, SLUICE_FILE_FORMAT */
export async function filesOf({ path, format }: FileSourceOptions): Promise<SourceFile[]> {
  const paths = new Set<string>()
  for (const named of typeof path === 'string' ? [path] : path) for (const found of await expand(named)) paths.add(found)
  const files: SourceFile[] = []
  for (const found of paths) {
    const known = format ?? formatOf(found)
    const stats = await failing('opening', found, 'SLUICE_SOURCE_FAILED', () => stat(found))
    if (stats.isDirectory()) throw folderError(found)
    if (!stats.isFile()) throw new SluiceError('SLUICE_FILE_FORMAT', `'${found}' is not a regular file`, { at: found, why: 'a position in it could not be found again', fix: 'use the source stdin for pipes and devices' })
    if (known === undefined) throw new SluiceError('SLUICE_FILE_FORMAT', `'${found}' has an extension that says nothing about its format`, { at: found, why: 'known are .ndjson, .jsonl, .json, .csv, .parquet, .records.ndjson', fix: 'name its format: ndjson, csv, parquet or records' })
    files.push({ partition: found, path: found, format: known, size: stats.size })
  }
  return files
}

async function expand(path: string): Promise<readonly string[]> {
  const pattern = basename(path)
  if (!pattern.includes('*')) return [path]
  const folder = dirname(path)
  const matches = new RegExp(`^${pattern.split('*').map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`, 's')
  const names = (await failing('reading the folder of', path, 'SLUICE_SOURCE_FAILED', () => readdir(folder, { withFileTypes: true })))
    .filter(entry => !entry.isDirectory() && matches.test(entry.name) && (pattern.startsWith('.') || !entry.name.startsWith('.')))
    .map(entry => entry.name)
    .sort()
  if (names.length === 0) throw new SluiceError('SLUICE_FILE_MISSING', `no file matches '${path}'`, { at: path })
  return names.map(name => path.startsWith('./') ? `./${join(folder, name)}` : join(folder, name))
}
