// One random schedule on a clock that is moved by hand. The same seed gives the same run.
import { MemoryLog } from '../../src/connect/memory/log.ts'
import type { MemoryEntry, MemoryRecord } from '../../src/connect/memory/options.ts'
import { MemorySink } from '../../src/connect/memory/sink.ts'
import { MemorySource } from '../../src/connect/memory/source.ts'
import { Ledger } from '../../src/connect/memory/weather.ts'
import type { Weather } from '../../src/connect/memory/weather.ts'
import { SluiceError } from '../../src/core/index.ts'
import type { Metrics } from '../../src/core/index.ts'
import { run } from '../../src/flow/index.ts'
import type { FlowOptions } from '../../src/flow/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'
import { merge, paths, rejects } from './json.ts'
import { byKeyHash, delayed, fixed, hash, immediate, sigmoid } from './models.ts'
import type { Logistic, ServerWeather } from './models.ts'
import { random } from './random.ts'

const encoder = new TextEncoder(), decoder = new TextDecoder()
const models: readonly Logistic[] = [
  { ref: { name: 'near', version: '1' }, layout: 'matrix', weights: [['km', 0.5], ['hour', -0.25]] },
  { ref: { name: 'far', version: '7' }, layout: 'scalars', weights: [['hour', 0.125], ['km', -0.75]] },
]
const RECORD_BYTES_MAX = 300, BATCH_BYTES_MAX = 2500

/** What must become of a record; `either`: a result or a reject. */
type Outcome = 'scored' | 'rejected' | 'either' | 'tombstone' | 'filtered'
interface Truth { readonly outcome: Outcome; readonly model?: Logistic; readonly score?: number }

export const noTally = () => ({ runs: 0, records: 0, results: 0, rejected: 0, skipped: 0, doubles: 0, crashes: 0, zombies: 0, stops: 0, fatal: 0, atRecord: 0, atRecordExactly: 0,
  above: 0, moves: 0, lost: 0, faults: 0, aborts: 0, revokeMsMax: 0, bytesPeak: 0, splitNeighbours: 0 })
export type Tally = ReturnType<typeof noTally>

/** Two executors in one group; faults, moves of partitions, crashes, zombies and stops for a while, then calm until all is committed.
    @throws what was wrong in the end */
export async function schedule(seed: number, tally: Tally): Promise<void> {
  const draw = random(seed)
  const below = (n: number) => Math.floor(draw() * n)
  const clock = new FakeClock({ draw })
  const once = draw() < 0.6                                                // exactly once
  const rejecting = draw() < 0.85                                          // else: no reject sink; who runs it passes by what it stops at
  const limited = rejecting && draw() < 0.12, joining = draw() < 0.25
  let calm = false
  const fault = draw() * 0.06, slow = draw() < 0.2 ? 400 : 20
  const fails = (share: number) => {
    if (calm || draw() >= share) return undefined
    tally.faults++
    return draw() < 0.5 ? 'before' : 'after'
  }
  const weather: Weather = { delayMs: () => calm ? 1 : draw() < 0.02 ? below(600) : below(8), fails: () => fails(fault) }
  const server: ServerWeather = { delayMs: () => calm ? 1 : below(slow), fails: what => what === 'predict' ? fails(3 * fault) : draw() < 0.1 ? fails(fault) : undefined }
  const options: FlowOptions = {
    bytesMax: 3000 + below(6000) + (joining ? 2 * BATCH_BYTES_MAX : 0), commitEveryMs: 5 + below(60), commitBytes: 500 + below(5000), revokeMs: 20 + below(300), drainMs: 50 + below(500),
    retryMs: 2, retries: 12, splitsMax: 4 + below(40), abortsMax: 60, giveWayMs: 5,
    ...(joining ? { batch: { rows: 1 + below(30), waitMs: below(50) } } : {}),
    ...(limited ? { stopAbove: { share: 0.1 + draw() * 0.3, records: 10 + below(50) } } : {}),
  }

  const log = new MemoryLog()
  const truths = new Map<string, Truth>()
  const partitions = Array.from({ length: 1 + below(4) }, (_, i) => `p${i}`)
  for (const partition of partitions) log.append(partition, recordsOf(partition, 5 + below(70), draw, truths))
  const passed = new Set<string>([...truths.keys()].filter(() => draw() < 0.02))
  const skipsNow = () => new Map(partitions.map(partition => [partition, new Set([...passed].filter(id => id.startsWith(`${partition}@`)).map(id => Number(id.split('@')[1])))]))

  const results: MemoryEntry[] = [], rejected: MemoryEntry[] = []
  const ledgers: Ledger[] = [], problems: string[] = []
  const counted: { [outcome: string]: number } = {}
  const metrics: Metrics = {
    count(name, by, labels) { if (name === 'sluice_records_total') counted[labels!['outcome']!] = (counted[labels!['outcome']!] ?? 0) + by },
    gauge() {}, observe() {},
  }
  const expect = (good: boolean, text: string) => { if (!good) problems.push(text) }

  interface Member { readonly source: MemorySource; readonly stop: AbortController; kill(): void; zombie: boolean }
  const members: (Member | undefined)[] = [undefined, undefined]

  async function executor(index: number): Promise<void> {
    while (!log.finished) {
      const ledger = new Ledger(), taken = { count: 0 }
      ledgers.push(ledger)
      const parts = { clock, weather, ledger }
      const source = new MemorySource(log, parts, { batchRows: 1 + below(20), batchBytesMax: BATCH_BYTES_MAX, follow: true })
      const sink = new MemorySink('results', results, parts, { transactional: once, recordBytesMax: RECORD_BYTES_MAX })
      const reject = new MemorySink('rejects', rejected, parts, { transactional: once, recordBytesMax: 1e6 })
      const killed = Promise.withResolvers<'killed'>()
      const stop = new AbortController()
      const member: Member = { source, stop, zombie: false, kill() {
        source.dead = sink.dead = reject.dead = true
        void source.close()
        killed.resolve('killed')
      } }
      members[index] = member
      const predictors = models.map((model, i) => (seed + i) % 3 === 0 ? immediate(model, ledger) : delayed(model, clock, server, ledger))
      const flow = run({
        source, features: paths({ km: 'trip.km', hour: 'at.hour' }, ledger), control: fixed(byKeyHash(models.map(({ ref }) => ref)), predictors, taken),
        result: merge(ledger), rejects: rejects(ledger), sink, ...(rejecting ? { reject } : {}), clock, metrics, log: { write: () => { tally.aborts++ } },
        skips: skipsNow(), options,
      }, stop.signal)
      const how = await Promise.race([flow.then(() => 'ended', ended), killed.promise])
      if (how === 'killed') continue
      members[index] = undefined
      await source.close()
      await clock.sleep(5000)                                              // cancelled calls settle, and writes that a stop did not wait for
      if (source.dead) continue                                            // killed meanwhile: they never do
      expect(ledger.held === 0, `${ledger.held} held after '${how}', ${ledger.bytes} bytes`)
      expect(taken.count === 0, `${taken.count} predictors held after '${how}'`)
    }
  }
  /** What may end a run. */
  function ended(error: unknown): string {
    if (!(error instanceof SluiceError)) return expect(false, `stopped: ${(error as Error).stack}`), 'error'
    tally.fatal++
    const { code, at, cause } = error
    if (code === 'SLUICE_RECORD_REJECTED' && !rejecting) {
      const [partition, offset] = at!.split('@')
      const outcome = truths.get(at!)!.outcome
      expect(outcome === 'rejected' || (cause as SluiceError).code === 'TEST_SERVER_REFUSED', `stopped at ${at}, which is ${outcome}`)
      const committed = log.committed.get(partition!) ?? 0n
      expect(committed <= Number(offset) || passed.has(at!), `stopped at ${at}, but committed up to ${committed}`)
      tally.atRecord++
      if (committed === BigInt(offset!)) tally.atRecordExactly++
      passed.add(at!)
    } else if (code === 'SLUICE_REJECTS_ABOVE' && limited) tally.above++
    else expect(['SLUICE_NO_PROGRESS', 'SLUICE_RETRIES_SPENT', 'TEST_SERVER_FORBIDS'].includes(code), `stopped: ${error.stack}`)
    return code
  }

  async function coordinator(): Promise<void> {
    const until = 200 + below(2500)
    while (!log.finished) {
      await clock.sleep(1 + below(calm ? 20 : 60))
      if (!calm && clock.nowMs() > until) { calm = true; for (const member of members) if (member?.zombie) member.kill() }
      for (const partition of partitions) {                                // what nobody owns
        const to = members[below(2)]
        if (!log.owners.has(partition) && to !== undefined && !to.source.dead && !to.zombie && !to.stop.signal.aborted) to.source.assign(partition)
      }
      if (calm) continue
      const event = draw(), member = members[below(2)]
      if (event < 0.35) move(partitions[below(partitions.length)]!)
      else if (member === undefined || member.source.dead) continue
      else if (event < 0.42) {
        tally.crashes++
        member.kill()
      } else if (event < 0.47) {                                           // declared dead, lives on, hears of it late or never
        tally.zombies++
        member.zombie = true
        const had = [...log.owners].filter(([, owner]) => owner === member.source).map(([partition]) => partition)
        for (const partition of had) log.owners.delete(partition)
        void clock.sleep(below(300)).then(() => {
          if (draw() < 0.5) return member.kill()
          for (const partition of had) if (log.owners.get(partition) !== member.source) member.source.lose(partition)
          member.zombie = false
        })
      } else if (event < 0.52) { tally.stops++; member.stop.abort() }
    }
  }

  const moving = new Set<string>()
  function move(partition: string): void {
    const from = log.owners.get(partition)
    if (!(from instanceof MemorySource) || from.dead || moving.has(partition)) return
    moving.add(partition)
    tally.moves++
    void (async () => {
      const began = clock.nowMs(), session = 40 + below(600)
      const how = await Promise.race([from.revoke(partition).then(() => 'revoked'), clock.sleep(session).then(() => 'late')])
      const took = clock.nowMs() - began
      if (how === 'revoked') { tally.revokeMsMax = Math.max(tally.revokeMsMax, took); expect(took <= options.revokeMs, 'revocation took too long') }
      if (log.owners.get(partition) === from) log.owners.delete(partition)
      if (how === 'late') { tally.lost++; if (!from.dead) from.lose(partition) }
      moving.delete(partition)
    })()
  }

  try {
    await clock.run(Promise.all([executor(0), executor(1), coordinator()]), 300_000)
  } catch (error) {
    expect(false, String((error as Error).stack))
  }
  verify()
  if (problems.length > 0) throw new Error(`seed ${seed} (${once ? 'exactly' : 'at least'} once): ${problems.slice(0, 4).join('; ')} [${problems.length}]`)

  function verify(): void {
    const seen = new Map<string, number>()
    const both = new Set(rejected.map(idOf))                               // read again in other batches, a neighbour of poison may end otherwise
    for (const topic of [results, rejected]) {
      const last = new Map<string, number>()
      for (const entry of topic) {
        const id = idOf(entry)
        const [partition, offset] = id.split('@') as [string, string]
        const times = seen.get(id) ?? 0
        seen.set(id, times + 1)
        if (times > 0) { tally.doubles++; expect(!once, `${id} twice`); continue }
        if (!once && topic === results && both.has(id)) continue
        expect((last.get(partition) ?? -1) < Number(offset), `${id} out of order`)
        last.set(partition, Number(offset))
        if (topic === rejected) checkReject(id, entry)
        else checkResult(id, entry)
      }
    }
    for (const [id, { outcome }] of truths) {
      if (outcome === 'filtered') expect(!seen.has(id), `${id} is filtered, and there`)
      else if (!passed.has(id)) expect(seen.has(id), `${id} missing`)
      else {
        tally.skipped++
        if (rejecting && outcome !== 'tombstone') expect(!seen.has(id), `${id} is to be passed by, and there`)
      }
    }
    for (const ledger of ledgers) {
      problems.push(...ledger.errors)
      tally.bytesPeak = Math.max(tally.bytesPeak, ledger.bytesPeak / options.bytesMax!)
      expect(ledger.bytesPeak <= options.bytesMax!, `${ledger.bytesPeak} bytes in flight of ${options.bytesMax}`)
    }
    const sum = Object.values(counted).reduce((a, b) => a + b, 0)          // a commit of unknown outcome is not counted
    expect(!once || sum <= truths.size, `${sum} records counted of ${truths.size}`)
    tally.records += truths.size
    tally.runs++
  }
  function checkReject(id: string, entry: MemoryEntry): void {
    tally.rejected++
    const outcome = truths.get(id)?.outcome
    const why = JSON.parse(header(entry, 'why')) as { partition: string; offset: number; code: string }
    expect(`${why.partition}@${why.offset}` === id, `${id} is called ${why.partition}@${why.offset}`)
    if (outcome === 'rejected' || outcome === 'either') return
    tally.splitNeighbours++
    expect(outcome === 'scored' && why.code === 'TEST_SERVER_REFUSED', `${id} rejected: ${why.code}`)
  }
  function checkResult(id: string, entry: MemoryEntry): void {
    tally.results++
    const truth = truths.get(id)!
    if (truth.outcome === 'tombstone') return expect(entry.value === null, `${id} was a tombstone`)
    const text = entry.value === null ? 'null' : decoder.decode(entry.value)
    const value = JSON.parse(text) as { id: string; score: number; model: string } | null
    expect(value?.id === id && truth.score !== undefined && value.score === truth.score && value.model === truth.model!.ref.name, `${id}: ${text}`)
  }
}

const header = ({ headers }: MemoryEntry, wanted: string): string => decoder.decode(headers.find(({ name }) => name === wanted)!.value!)
const idOf = (entry: MemoryEntry): string => header(entry, 'id')

function recordsOf(partition: string, count: number, draw: () => number, truths: Map<string, Truth>): MemoryRecord[] {
  const records: MemoryRecord[] = []
  for (let i = 0, offset = 0; i < count; i++, offset += draw() < 0.1 ? 1 + Math.floor(draw() * 4) : 1) {
    const id = `${partition}@${offset}`
    const what = draw(), kind = draw()
    const name = what < 0.02 ? 'poison' : what < 0.05 ? 'bad' : 'key'
    const key = what > 0.98 ? null : encoder.encode(`${name}-${Math.floor(draw() * 9)}`)
    const km = Math.fround(draw() * 10), hour = Math.floor(draw() * 24)
    const body = { id, trip: { km }, at: { hour } }
    const value = kind < 0.03 ? null : kind < 0.05 ? '{"id":' : kind < 0.07 ? { ...body, trip: {} } : kind < 0.1 ? { ...body, pass: 1 }
      : kind < 0.12 ? { ...body, unwritable: 1 } : kind > 0.98 ? { ...body, note: 'x'.repeat(RECORD_BYTES_MAX) } : body
    const route = key === null ? -1 : hash(key, 0, key.length) % models.length
    const model = models[route]
    const named: { [name: string]: number } = { km, hour }
    const score = model === undefined ? 0 : sigmoid(model.weights.reduce((sum, [column, weight]) => sum + weight * named[column]!, 0))
    const outcome: Outcome = value === null ? 'tombstone' : model === undefined ? 'rejected' : kind >= 0.07 && kind < 0.1 ? 'filtered'
      : kind < 0.12 || kind > 0.98 ? 'rejected' : name === 'key' ? 'scored' : 'either'         // only the delayed predictor refuses such keys
    truths.set(id, outcome === 'scored' || outcome === 'either' ? { outcome, model: model!, score } : { outcome })
    records.push({ offset, key, value, headers: [['id', id]], timeMs: offset })
  }
  return records
}
