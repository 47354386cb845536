import { SluiceError } from '../core/index.ts'
import type { Delivery, Source } from '../core/index.ts'
import { Credits } from './credits.ts'
import { deliveryOf } from './delivery.ts'
import { backoff } from './errors.ts'
import { join } from './join.ts'
import { Meter } from './meter.ts'
import type { Ended, FlowParts } from './parts.ts'
import { Scoring } from './score.ts'
import { Session } from './session.ts'

/** What outlives a session. */
export interface Flow {
  readonly parts: FlowParts
  /** The source, joined if wished. */
  readonly reading: Source
  readonly delivery: Delivery
  readonly credits: Credits
  readonly meter: Meter
  readonly scoring: Scoring
  /** Records at which to end, by partition: the sink refused them, and there is no reject sink. */
  readonly stops: Map<string, { readonly offset: number; readonly error: SluiceError }>
}

/** The loop: pulls with credit, scores several batches at once, delivers in order, commits contiguous positions. Runs until the source ends or
    the signal stops it: then finishes what is in flight, commits, returns.
    What throws `retry` in source, sink or delivery ends the session: everything not committed is given up and read again, after a wait.
    @throws what is fatal, after what is done has been delivered and committed */
export async function run(parts: FlowParts, signal: AbortSignal): Promise<Ended> {
  const { source, clock, options } = parts
  const credits = creditsOf(parts)
  const meter = new Meter(parts.metrics, clock, source, credits)
  const over = new AbortController()
  const pulse = meter.pulse(over.signal)
  let delivery: Delivery | undefined, aborts = 0
  const ended = (drained: boolean): Ended =>
    ({ ...meter.total, records: meter.records, guarantee: delivery?.guarantee ?? 'at-least-once', aborts, drained })
  try {
    delivery = await persist(parts, meter, signal, () => deliveryOf(parts))
    if (delivery === undefined) return ended(false)
    parts.log.write('info', promiseOf(parts, delivery))
    const reading = options.batch === undefined ? source : join(source, options.batch, clock)
    const flow: Flow = { parts, reading, delivery, credits, meter, scoring: new Scoring(parts, meter), stops: new Map() }
    for (let tries = 0, fruitless = 0; ;) {
      const session = new Session(flow)
      await session.run(signal)
      const { failure, commits } = session
      // the end at a record comes when everything before it is committed: after a failure it is read again up to there
      const fatal = failure?.severity === 'retry' && session.fatal?.code === 'SLUICE_RECORD_REJECTED' && !signal.aborted ? undefined : session.fatal
      if (failure === undefined && fatal === undefined) return ended(true)
      await abort(flow, signal, fatal !== undefined)
      if (fatal !== undefined) throw fatal
      if (failure === undefined || signal.aborted) return ended(false)
      aborts++
      tries = commits > 0 ? 1 : tries + 1
      fruitless = commits > 0 ? 0 : AWAY.has(failure.code) ? fruitless : fruitless + 1
      if (fruitless > options.abortsMax) {
        throw new SluiceError('SLUICE_NO_PROGRESS', `${fruitless} attempts ended without a commit: ${failure.message}`, { cause: failure })
      }
      await pause(parts, meter, signal, tries, failure)
    }
  } finally {
    over.abort()
    await pulse
    await delivery?.close()
  }
}

/** What is said before the first record. */
const promiseOf = ({ source, sink, reject, guarantee }: FlowParts, delivery: Delivery): string => delivery.guarantee === 'exactly-once' ? 'exactly once'
  : guarantee === 'at-least-once' ? 'at least once, as the pipeline says'
    : `at least once: source '${source.name}' and ${[sink, ...reject === undefined ? [] : [reject]].map(({ name }) => `sink '${name}'`).join(' and ')} commit nothing together`

/** Bytes for the batches in flight: what joining holds comes first. */
function creditsOf({ source, options: { batch, ...options } }: FlowParts): Credits {
  const joining = batch === undefined ? 0 : 2 * source.batchBytesMax, { bytesMax = joining + 2 * source.batchBytesMax } = options
  if (bytesMax - joining < source.batchBytesMax) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `flow.bytesMax is ${bytesMax}; batches of source '${source.name}' alone may have ${source.batchBytesMax} bytes`,
      { why: 'nothing could ever be read', fix: `raise flow.bytesMax to ${joining + source.batchBytesMax} or more, or make the batches smaller` })
  }
  return new Credits(bytesMax - joining)
}

/** Does it again while it throws `retry`. undefined: stopped. */
async function persist<T>(parts: FlowParts, meter: Meter, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof SluiceError) || error.severity !== 'retry') throw error
      if (signal.aborted) return
      await pause(parts, meter, signal, tries, error)
    }
  }
}

/** Nothing may be read again before the delivery has settled; at the end of the run that is waited for only as long as a stop may take. */
async function abort({ parts, delivery, meter }: Flow, signal: AbortSignal, last: boolean): Promise<void> {
  const settled = new AbortController()
  const enough = async () => {
    if (!last) await aborted(AbortSignal.any([signal, settled.signal]))
    await parts.clock.sleep(parts.options.drainMs, settled.signal)
  }
  const work = persist(parts, meter, signal, () => delivery.abort())
  try {
    await Promise.race([work, enough()])
  } catch (error) {
    if (!last) throw error                                                 // else the run's own end tells more
  } finally {
    settled.abort()
  }
}

async function pause({ clock, log, options }: FlowParts, meter: Meter, signal: AbortSignal, tries: number, { code, message, at }: SluiceError): Promise<void> {
  const ms = backoff(options.retryMs, tries)
  log.write('warn', `${message}; trying again in ${ms} ms`, { code, at, tries })
  meter.pause('retry')
  await clock.sleep(ms, signal)
  meter.resume()
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => { if (signal.aborted) resolve(); else signal.addEventListener('abort', () => resolve(), { once: true }) })

const AWAY: ReadonlySet<string> = new Set(['SLUICE_SOURCE_AWAY', 'SLUICE_SINK_AWAY'])
