import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { SluiceError } from '../../core/index.ts'
import type { Position } from '../../core/index.ts'
import { failing, fileError } from './errors.ts'

/** A file of positions; a sink adds how long its outputs were at these positions, by path relative to the file's folder. */
export interface Checkpoint {
  readonly executors: number
  readonly positions: ReadonlyMap<string, bigint>
  readonly outputs: ReadonlyMap<string, number>
}

/** undefined: there is none. @throws SLUICE_POSITION_BROKEN, SLUICE_FILE_DENIED */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let text: string
  try { text = await readFile(path, 'utf8') } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileError(cause, 'reading', path, 'SLUICE_POSITION_BROKEN')
  }
  try { return parse(JSON.parse(text)) } catch (cause) {
    throw new SluiceError('SLUICE_POSITION_BROKEN', `'${path}' is not a position file: ${(cause as Error).message}`, { at: path, cause })
  }
}

function parse(value: unknown): Checkpoint {
  const { version, executors = 1, positions, outputs = {} } = (value ?? {}) as { version?: unknown; executors?: unknown; positions?: unknown; outputs?: unknown }
  if (version !== 1) throw new TypeError(version === undefined ? 'it has no version' : `its version is ${String(version)}; this Sluice knows 1`)
  if (typeof executors !== 'number') throw new TypeError('executors is not a number')
  return {
    executors,
    positions: new Map(numbers(positions, 'positions').map(([partition, offset]) => [partition, BigInt(offset)])),
    outputs: new Map(numbers(outputs, 'outputs')),
  }
}
function numbers(value: unknown, name: string): [string, number][] {
  if (typeof value !== 'object' || value === null) throw new TypeError(`it has no ${name}`)
  return Object.entries(value).map(([key, number]: [string, unknown]) => {
    if (!Number.isSafeInteger(number) || number as number < 0) throw new TypeError(`${name} of '${key}' is not a whole number`)
    return [key, number as number]
  })
}

/** Whole or not at all, also when the machine stops: written beside it, synced, renamed, and the folder synced. */
export async function writeCheckpoint(path: string, { executors, positions, outputs }: Checkpoint): Promise<void> {
  const text = JSON.stringify({
    version: 1, ...(executors === 1 ? {} : { executors }),
    positions: Object.fromEntries([...positions].map(([partition, offset]) => [partition, Number(offset)])),
    ...(outputs.size === 0 ? {} : { outputs: Object.fromEntries(outputs) }),
  }) + '\n'
  const beside = `${path}.new`
  await failing('writing', path, 'SLUICE_COMMIT_FAILED', async () => {
    try {
      const file = await open(beside, 'w')
      try {
        await file.writeFile(text)
        await file.sync()
      } finally { await file.close() }
      await rename(beside, path)
    } catch (cause) {
      await rm(beside, { force: true }).catch(() => {})
      throw cause
    }
    await syncFolder(dirname(path))
  })
}

/** A new name in a folder survives a power failure only when the folder is synced too. */
async function syncFolder(folder: string): Promise<void> {
  let handle
  try { handle = await open(folder, 'r') } catch { return }       // not on every system can a folder be opened
  try { await handle.sync() } catch { /* nor synced */ } finally { await handle.close() }
}

/** Positions of a source in a file. With several executors each writes its own file, `path.N`, and reads all of them, so that their number
    may change between two runs. */
export interface Positions {
  load(): Promise<ReadonlyMap<string, bigint>>
  save(positions: readonly Position[]): Promise<void>
}
export async function openPositions(path: string, executor: number, executors: number): Promise<Positions> {
  await failing('making the folder of', path, 'SLUICE_COMMIT_FAILED', () => mkdir(dirname(path), { recursive: true }))
  const own = executors === 1 ? path : `${path}.${executor}`
  const load = async (): Promise<Map<string, bigint>> => {
    const name = basename(path)
    const names = (await readdir(dirname(path))).filter(found => found === name || found.startsWith(`${name}.`) && /^\d+$/.test(found.slice(name.length + 1)))
    const merged = new Map<string, bigint>()
    for (const found of names) {
      for (const [partition, offset] of (await readCheckpoint(path.slice(0, path.length - name.length) + found))?.positions ?? []) {
        if (offset > (merged.get(partition) ?? -1n)) merged.set(partition, offset)
      }
    }
    return merged
  }
  const saved = new Map((await readCheckpoint(own))?.positions)
  let saving: Promise<void> = Promise.resolve()
  return {
    load,
    save(positions) {
      for (const { partition, offset } of positions) saved.set(partition, offset)
      const now = new Map(saved)
      const save = saving.then(() => writeCheckpoint(own, { executors: 1, positions: now, outputs: new Map() }))
      saving = save.catch(() => {})
      return save
    },
  }
}
