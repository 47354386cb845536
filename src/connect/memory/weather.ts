import { spoil } from '../../codecs/spoil.ts'
import { SluiceError } from '../../core/index.ts'
import type { Clock, Records } from '../../core/index.ts'

export type Step = 'read' | 'write' | 'commit'
/** How long things take and what goes wrong, for tests. `fails`: before it has taken effect, or after. */
export interface Weather {
  delayMs(step: Step): number
  fails(step: Step): 'before' | 'after' | undefined
}

/** Counts what is held, for tests. Released bytes are overwritten, so that a late reader computes nonsense. */
export class Ledger {
  bytes = 0
  bytesPeak = 0
  held = 0
  readonly errors: string[] = []
  holdRecords(what: string, records: Records & { readonly offsets?: Float64Array }, counted: boolean): () => void {
    const release = this.hold(what, [records.bytes], counted)
    return () => { spoil(records); release() }
  }
  /** `counted`: among the bytes in flight. */
  hold(what: string, buffers: readonly (Uint8Array | Float32Array | Float64Array)[], counted: boolean): () => void {
    const bytes = counted ? buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0) : 0
    this.held++
    this.bytes += bytes
    this.bytesPeak = Math.max(this.bytesPeak, this.bytes)
    let released = false
    return () => {
      if (released) { this.errors.push(`${what} released twice`); return }
      released = true
      this.held--
      this.bytes -= bytes
      for (const buffer of buffers) buffer.fill(buffer instanceof Uint8Array ? 0x3f : Number.NaN)
    }
  }
}

/** What a memory part may be opened with. Without weather every step is done at once. */
export interface MemoryParts { readonly clock: Clock; readonly weather?: Weather; readonly ledger?: Ledger }

/** One remote step: takes time, may fail before or after its effect; never ends for the dead. `failed`: it will throw. */
export async function step({ clock, weather }: MemoryParts, what: Step, dead: () => boolean, effect: () => void, failed?: () => void): Promise<void> {
  if (weather !== undefined) await clock.sleep(weather.delayMs(what))
  if (dead()) return new Promise(() => {})
  const failure = weather?.fails(what)
  try {
    if (failure !== 'before') effect()
    if (failure !== undefined) throw new SluiceError(what === 'write' ? 'SLUICE_SINK_AWAY' : 'SLUICE_SOURCE_AWAY', `${what} failed, ${failure} it took effect`)
  } catch (error) {
    failed?.()
    throw error
  }
}
