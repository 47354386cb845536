import type { Region } from '../../core/index.ts'
import type { Kernels } from '../../kernels/host.ts'

/** Memory that one answer of a broker lies in, shared by the partitions it holds records of, and by the batches that are read where they lie. Whoever uses the
    bytes holds the frame. */
export interface Frame { readonly bytes: Uint8Array; retain(): void; release(): void }

interface Memory { readonly bytes: Uint8Array; readonly block?: Region }

const MiB = 2 ** 20
const SMALL = 65_536
/** Of frames in the memory of kernels; what is more lies on the heap. */
const BLOCKS_MAX = 64 * MiB
const HEAP_SPARE_MAX = 4

/** Memory for answers, used again: a new buffer of some MiB for every fetch costs the garbage collector more than reading costs. It is that of kernels, where
    there are any and while it has room: then records need not be copied. */
export class Frames {
  /** Frames that nobody holds any more: an answer that was given up may still come, and is written into its frame to the end. */
  static readonly #forgotten = new FinalizationRegistry<{ readonly frames: Frames; readonly memory: Memory }>(({ frames, memory }) => frames.#free(memory))
  readonly #kernels: Kernels | undefined
  /** Last in, first out: what was touched last is in the cache, and what is never needed is never touched. */
  readonly #spare: Memory[] = []
  #blocks = 0
  #closed = false

  constructor(kernels: Kernels | undefined) { this.#kernels = kernels }

  /** Retained once. */
  take(bytes: number): Frame {
    const memory = this.#spareOf(bytes) ?? this.#made(bytes)
    let retained = 1
    const frame: Frame = {
      bytes: memory.bytes,
      retain() { retained++ },
      release: () => {
        if (--retained > 0) return
        Frames.#forgotten.unregister(frame)
        this.#give(memory)
      },
    }
    Frames.#forgotten.register(frame, { frames: this, memory }, frame)
    return frame
  }

  close(): void {
    this.#closed = true
    for (const memory of this.#spare.splice(0)) this.#free(memory)
  }

  /** The smallest that is large enough. */
  #spareOf(bytes: number): Memory | undefined {
    let found = -1
    for (let i = this.#spare.length - 1; i >= 0; i--) {
      const { length } = this.#spare[i]!.bytes
      if (length >= bytes && (found < 0 || length < this.#spare[found]!.bytes.length)) found = i
    }
    return found < 0 ? undefined : this.#spare.splice(found, 1)[0]
  }

  #made(bytes: number): Memory {
    const size = bytes <= SMALL ? SMALL : Math.ceil(bytes / MiB) * MiB
    // those that were too small make room
    while (this.#blocks + size > BLOCKS_MAX) {
      const smaller = this.#spare.findIndex(({ block }) => block !== undefined)
      if (smaller < 0) return { bytes: new Uint8Array(size) }
      this.#free(this.#spare.splice(smaller, 1)[0]!)
    }
    const block = this.#kernels?.block(size)
    if (block === undefined) return { bytes: new Uint8Array(size) }
    this.#blocks += size
    return { bytes: block.bytes, block }
  }

  #give(memory: Memory): void {
    if (this.#closed || (memory.block === undefined && this.#spare.filter(({ block }) => block === undefined).length >= HEAP_SPARE_MAX)) this.#free(memory)
    else this.#spare.push(memory)
  }
  #free({ block }: Memory): void {
    if (block === undefined) return
    this.#blocks -= block.bytes.length
    block.release()
  }
}
