import { dirname, relative, resolve } from 'node:path'
import { SluiceError } from '../../core/index.ts'
import type { Context, Delivery, Position, Source } from '../../core/index.ts'
import { lock } from './lock.ts'
import { readCheckpoint, writeCheckpoint } from './position.ts'
import type { Checkpoint } from './position.ts'
import type { FileSink, Positions } from './sink.ts'

export interface FileDelivery {
  readonly source: Source
  readonly sinks: readonly FileSink[]
  readonly positions: Positions
  readonly context: Context
}

/** Exactly once: outputs only grow; a commit syncs them and then writes their lengths and the positions into one file, whole or not at all.
    What lies behind these lengths was not committed, and is cut off before reading begins again there.
    @throws SLUICE_POSITION_BROKEN, SLUICE_FILE_SHRUNK, SLUICE_OUTPUT_EXISTS, SLUICE_FILE_IN_USE */
export async function openFileDelivery(parts: FileDelivery): Promise<Delivery> {
  const { source, sinks, positions: { own: position }, context } = parts
  const outputs = sinks.map(({ output }) => ({ output, key: relative(dirname(resolve(position)), resolve(output.path)) }))
  const held = sinks.some(({ output }) => position === `${output.path}.position`) ? undefined : await lock(position)
  let last: Checkpoint

  /** Outputs and positions as they were at the last commit that reached the disk. */
  const restore = async (): Promise<void> => {
    last = await readCheckpoint(position) ?? last
    for (const { output, key } of outputs) {
      await output.settled()
      const behind = output.length - last.outputs.get(key)!
      await output.cut(last.outputs.get(key)!)
      if (behind > 0) context.log.write('info', `'${output.path}': ${behind} bytes behind the committed position are cut off; their records come again`)
    }
  }
  try {
    last = await begin(parts, outputs)
    await restore()
  } catch (error) {
    await held?.release()
    throw error
  }
  for (const sink of sinks) sink.deliver()
  source.keepPositions!(async () => [...last.positions].map(([partition, offset]) => ({ partition, offset })))

  let committing: Promise<void> = Promise.resolve()
  const commit = async (positions: readonly Position[]): Promise<void> => {
    await Promise.all(outputs.map(async ({ output }) => { await output.settled(); await output.sync() }))
    const next: Checkpoint = {
      executors: context.executors,
      positions: new Map([...last.positions, ...positions.map(({ partition, offset }) => [partition, offset] as const)]),
      outputs: new Map([...last.outputs, ...outputs.map(({ output, key }) => [key, output.length] as const)]),
    }
    await writeCheckpoint(position, next)
    last = next
  }
  return {
    guarantee: 'exactly-once',
    write: (to, records) => to.write(records),
    commit(positions) {
      const work = commit(positions)
      committing = work.catch(() => {})
      return work
    },
    async abort() {
      await committing
      await restore()
    },
    async close() {
      await committing
      await held?.release()
    },
  }
}

/** The checkpoint to begin with; written, so that what a first unit leaves behind is known to be uncommitted. */
async function begin({ positions: { own: position, others }, context }: FileDelivery, outputs: readonly { readonly key: string; readonly output: FileSink['output'] }[]): Promise<Checkpoint> {
  const found = await readCheckpoint(position)
  refuseOtherExecutors([[position, found], ...await Promise.all(others.filter(path => path !== position).map(async path => [path, await readCheckpoint(path)] as const))], context)
  for (const { output, key } of outputs) {
    if (output.length > 0 && !found?.outputs.has(key)) throw new SluiceError('SLUICE_OUTPUT_EXISTS', `'${output.path}' holds ${output.length} bytes, and ${
      found === undefined ? `there is no position file '${position}'` : `the position file '${position}' does not know it`}`, { at: output.path })
  }
  const checkpoint: Checkpoint = {
    executors: context.executors,
    positions: found?.positions ?? new Map(),
    outputs: new Map([...outputs.map(({ key }) => [key, 0] as const), ...found?.outputs ?? []]),
  }
  if (found === undefined || outputs.some(({ key }) => !found.outputs.has(key))) await writeCheckpoint(position, checkpoint)
  return checkpoint
}

/** Partitions belong to other executors when their number changes, and their positions lie in other files: records would come twice. */
function refuseOtherExecutors(found: readonly (readonly [path: string, checkpoint: Checkpoint | undefined])[], { executors }: Context): void {
  for (const [path, checkpoint] of found) {
    if (checkpoint !== undefined && checkpoint.executors !== executors) throw new SluiceError('SLUICE_POSITION_BROKEN', `'${path}' was written by ${checkpoint.executors} executors, and now there are ${executors}`, {
      at: path, why: 'each executor keeps the positions of its own partitions', fix: `run it with executors: ${checkpoint.executors}, or remove outputs and position files to begin anew`,
    })
  }
}
