import { execFile } from 'node:child_process'
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface SmallDisk {
  readonly path: string
  /** Leaves no byte free, until what it answers is called. */
  fill(): Promise<() => Promise<void>>
  remove(): Promise<void>
}

/** A real file system of so many bytes; a text says why there is none. */
export async function smallDisk(bytes = 1024 * 1024): Promise<SmallDisk | string> {
  if (process.platform !== 'linux') return 'a small disk is mounted on Linux only'
  const path = await mkdtemp(join(tmpdir(), 'sluice-disk-'))
  try { await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]) } catch (error) {
    await rmdir(path)
    return `mounting a small disk is not permitted here: ${(error as { stderr?: string }).stderr?.trim() ?? String(error)}`
  }
  return {
    path,
    async fill() {
      const name = join(path, 'filler'), file = await open(name, 'w')
      try {
        for (let size = 65536; size >= 1;) {
          try { if ((await file.write(Buffer.alloc(size))).bytesWritten < size) size = Math.floor(size / 2) } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
            size = Math.floor(size / 2)
          }
        }
      } finally { await file.close() }
      return () => rm(name)
    },
    async remove() {
      await run('umount', ['-l', path])
      await rmdir(path)
    },
  }
}
