import { SluiceError } from '../../core/index.ts'
import type { Code } from '../../core/index.ts'

const NAMED: { readonly [errno: string]: Code } = {
  ENOENT: 'SLUICE_FILE_MISSING', ENOTDIR: 'SLUICE_FILE_MISSING',
  EACCES: 'SLUICE_FILE_DENIED', EPERM: 'SLUICE_FILE_DENIED', EROFS: 'SLUICE_FILE_DENIED',
  ENOSPC: 'SLUICE_DISK_FULL', EDQUOT: 'SLUICE_DISK_FULL',
}

/** What the system says about a file, in our words. `otherwise`: the code of what has no name. */
export function fileError(cause: unknown, doing: string, path: string, otherwise: Code): SluiceError {
  if (cause instanceof SluiceError) return cause
  const errno = (cause as NodeJS.ErrnoException).code ?? ''
  if (errno === 'EISDIR') return folderError(path, cause)
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError(NAMED[errno] ?? otherwise, `${doing} '${path}' failed: ${message}`, { at: path, cause })
}

export function folderError(path: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_FILE_FORMAT', `'${path}' is a folder`, { at: path, why: 'records are read from and written to files', fix: `name the files in it, such as ${path.replace(/\/$/, '')}/*.ndjson`, cause })
}

/** A wrapped call: `await failing('reading', path, 'SLUICE_SOURCE_FAILED', () => handle.read(...))`. */
export async function failing<T>(doing: string, path: string, otherwise: Code, work: () => Promise<T>): Promise<T> {
  try { return await work() } catch (cause) { throw fileError(cause, doing, path, otherwise) }
}
