import { createHash } from 'node:crypto'
import { readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { SluiceError } from '../../core/index.ts'
import { failing } from './errors.ts'

export interface Lock {
  /** Who held it before did not let go of it: it was killed. */
  readonly wasHeld: boolean
  release(): Promise<void>
}

/** Holds `path` against every other writer on this machine, until it is released or the process ends, however it ends. On Linux the kernel
    keeps it: a name in its abstract socket space vanishes with its process, so there is no stale lock and no race for one. The file
    `path.lock` says who it is; elsewhere it is all there is, and is stale when its process is gone.
    @throws SLUICE_FILE_IN_USE */
export async function lock(path: string): Promise<Lock> {
  const file = `${path}.lock`
  const name = join(await failing('opening the folder of', path, 'SLUICE_WRITE_FAILED', () => realpath(dirname(path))), basename(path))
  const held = process.platform === 'linux' ? await holdName(`\0sluice:${createHash('sha256').update(name).digest('hex')}`) : undefined
  const before = await readFile(file, 'utf8').catch(() => '')
  const pid = /^\d+/.exec(before)?.[0]
  const used = held === 'used' || (held === undefined && pid !== undefined && Number(pid) !== process.pid && isAlive(Number(pid)))
  if (used) throw new SluiceError('SLUICE_FILE_IN_USE', `'${path}' is being written already${pid === undefined ? '' : `, by process ${pid}`}`, { at: path })
  try {
    await failing('writing', file, 'SLUICE_WRITE_FAILED', () => writeFile(file, `${process.pid}\n`))
  } catch (error) {
    if (typeof held === 'object') held.close()
    throw error
  }
  return {
    wasHeld: before !== '',
    async release() {
      await rm(file, { force: true })
      if (typeof held === 'object') await new Promise<void>(resolve => { held.close(() => { resolve() }) })
    },
  }
}

/** undefined: this system does not let us. */
function holdName(name: string): Promise<Server | 'used' | undefined> {
  return new Promise(resolve => {
    const server = createServer(socket => { socket.destroy() })
    server.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code === 'EADDRINUSE' ? 'used' : undefined) })
    server.listen(name, () => { resolve(server) })
    server.unref()
  })
}

function isAlive(pid: number): boolean {
  try { process.kill(pid, 0); return true } catch (error) { return (error as NodeJS.ErrnoException).code === 'EPERM' }
}
