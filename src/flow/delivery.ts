import { SluiceError } from '../core/index.ts'
import type { Delivery, Source } from '../core/index.ts'
import type { FlowParts } from './parts.ts'

/** The best that source and sinks give together, or what is wished for. */
export async function deliveryOf({ source, sink, reject, guarantee }: FlowParts): Promise<Delivery> {
  const sinks = reject === undefined ? [sink] : [sink, reject]
  if (guarantee !== 'at-least-once') {
    const delivery = await sink.delivery?.(source, sinks)
    if (delivery !== undefined && (guarantee === undefined || delivery.guarantee === guarantee)) return delivery
    await delivery?.close()
    if (guarantee === 'exactly-once') {
      throw new SluiceError('SLUICE_GUARANTEE_UNAVAILABLE',
        `source '${source.name}' and ${sinks.map(({ name }) => `sink '${name}'`).join(' and ')} cannot deliver exactly once together`)
    }
  }
  return atLeastOnce(source)
}

function atLeastOnce(source: Source): Delivery {
  const busy = new Set<Promise<unknown>>()
  const track = <T>(work: Promise<T>): Promise<T> => {
    const done = () => { busy.delete(work) }
    busy.add(work)
    work.then(done, done)
    return work
  }
  return {
    guarantee: 'at-least-once',
    write: (to, records) => track(to.write(records)),
    commit: positions => track(source.commit(positions)),
    abort: async () => { await Promise.allSettled(busy) },                 // an old write would land behind its re-read, an old commit ahead of it
    close: async () => {},
  }
}
