import type { Clock, Ownership, RecordBatch, Rejection, Slices, Source } from '../core/index.ts'
import type { JoinOptions } from './parts.ts'

/** A source whose small batches of one partition, one after the other, are joined into one by copying. What waits for more is at most
    `batchBytesMax` in all, beside the batch just read; none waits longer than `waitMs`, whether the source goes on or not. */
export function join(source: Source, { rows, waitMs }: JoinOptions, clock: Clock): Source {
  return {
    name: source.name, batchBytesMax: source.batchBytesMax,
    read: (owner, signal) => joined(source, owner, signal, rows, waitMs, clock),
    commit: positions => source.commit(positions),
    close: () => source.close(),
  }
}

/** Batches of one partition that wait to become one. */
interface Group { readonly partition: string; readonly batches: RecordBatch[]; rows: number; bytes: number; readonly untilMs: number }

async function* joined(source: Source, owner: Ownership, signal: AbortSignal, rowsWanted: number, waitMs: number, clock: Clock): AsyncGenerator<RecordBatch> {
  const groups = new Map<string, Group>()                                  // oldest first
  let bytes = 0
  const take = (group: Group): RecordBatch => {
    groups.delete(group.partition)
    bytes -= group.bytes
    return group.batches.length === 1 ? group.batches[0]! : joinedOf(group)
  }
  const forget = (partition: string) => {
    const group = groups.get(partition)
    if (group === undefined) return
    groups.delete(partition)
    bytes -= group.bytes
    for (const batch of group.batches) batch.release()
  }
  const watched: Ownership = {
    assigned(positions) { for (const { partition } of positions) forget(partition); owner.assigned(positions) },
    revoked(partitions) { for (const partition of partitions) forget(partition); return owner.revoked(partitions) },
    lost(partitions) { for (const partition of partitions) forget(partition); owner.lost(partitions) },
  }

  const batches = source.read(watched, signal)[Symbol.asyncIterator]()
  const ended = new AbortController()
  let coming: Promise<IteratorResult<RecordBatch>> | undefined, alarm: Promise<undefined> | undefined
  let held: RecordBatch | undefined    // read, and in no group yet
  try {
    for (;;) {
      for (let group = first(groups); group !== undefined && group.untilMs <= clock.nowMs(); group = first(groups)) yield take(group)
      const oldest = first(groups)
      coming ??= batches.next()
      // one timer at a time; what rings too early is set again
      if (oldest !== undefined) alarm ??= clock.sleep(oldest.untilMs - clock.nowMs(), ended.signal).then(() => { alarm = undefined; return undefined })
      const got = await (oldest === undefined ? coming : Promise.race([coming, alarm!]))
      if (got === undefined) continue
      coming = undefined
      if (got.done) break
      const batch = held = got.value
      const size = batch.bytes.byteLength
      const before = groups.get(batch.partition)
      if (before !== undefined && !fits(before, batch, source.batchBytesMax)) yield take(before)
      while (groups.size > 0 && bytes + size > source.batchBytesMax) yield take(first(groups)!)
      held = undefined
      let group = groups.get(batch.partition)                              // of now: the partition may have gone during a yield
      if (group === undefined) {
        if (batch.rows >= rowsWanted) { yield batch; continue }
        groups.set(batch.partition, group = { partition: batch.partition, batches: [], rows: 0, bytes: 0, untilMs: clock.nowMs() + waitMs })
      }
      group.batches.push(batch)
      group.rows += batch.rows
      group.bytes += size
      bytes += size
      if (group.rows >= rowsWanted) yield take(group)
    }
    for (let group = first(groups); group !== undefined; group = first(groups)) yield take(group)
  } finally {
    ended.abort()
    held?.release()
    for (const partition of groups.keys()) forget(partition)
    const late = await coming?.catch(() => undefined)                      // settles: a reader aborts the signal before it leaves
    if (late !== undefined && !late.done) late.value.release()
    await batches.return?.()
  }
}

const first = (groups: ReadonlyMap<string, Group>): Group | undefined => groups.values().next().value

function fits(group: Group, batch: RecordBatch, bytesMax: number): boolean {
  const last = group.batches.at(-1)!
  return last.next === batch.from && group.bytes + batch.bytes.byteLength <= bytesMax && last.decoder === batch.decoder && sameColumns(last.columns, batch.columns)
}
function sameColumns(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((name, i) => name === b[i]))
}

/** One batch of all; they are released. */
function joinedOf({ partition, batches, rows, bytes: length }: Group): RecordBatch {
  const bytes = new Uint8Array(length), offsets = new Float64Array(rows), timesMs = new Float64Array(rows)
  const keys = slicesOf(rows), values = slicesOf(rows), headers = batches.some(batch => batch.headers !== undefined) ? slicesOf(rows) : undefined
  const rejected: Rejection[] = []
  let row = 0, at = 0
  for (const batch of batches) {
    bytes.set(batch.bytes, at)
    offsets.set(batch.offsets, row)
    timesMs.set(batch.timesMs, row)
    shift(batch.keys, keys, row, at)
    shift(batch.values, values, row, at)
    if (headers !== undefined && batch.headers !== undefined) shift(batch.headers, headers, row, at)
    for (const rejection of batch.rejected ?? []) rejected.push({ ...rejection, row: rejection.row + row })
    row += batch.rows
    at += batch.bytes.byteLength
  }
  const { columns, decoder } = batches[0]!
  const joined: RecordBatch = {
    partition, rows, bytes, keys, values, ...(headers === undefined ? {} : { headers }), timesMs, ...(columns === undefined ? {} : { columns }),
    ...(decoder === undefined ? {} : { decoder }), offsets, from: batches[0]!.from, next: batches.at(-1)!.next, ...(rejected.length === 0 ? {} : { rejected }), release: () => {},
  }
  for (const batch of batches) batch.release()
  return joined
}

const slicesOf = (rows: number): Slices => ({ start: new Int32Array(rows).fill(-1), end: new Int32Array(rows).fill(-1) })

function shift(from: Slices, into: Slices, row: number, by: number): void {
  for (let i = 0; i < from.start.length; i++) {
    const start = from.start[i]!
    if (start < 0) continue
    into.start[row + i] = start + by
    into.end[row + i] = from.end[i]! + by
  }
}
