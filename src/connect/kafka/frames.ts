/** Memory that one answer of a broker lies in, shared by the partitions it holds records of. */
export interface Frame { readonly bytes: Uint8Array; retain(): void; release(): void }

/** Memory for answers, used again: a new buffer of some MiB for every fetch costs the garbage collector more than reading costs. */
export class Frames {
  readonly #spare: Uint8Array[] = []
  /** How many are kept for the next answers. */
  readonly #most: number

  constructor(most: number) { this.#most = most }

  /** Retained once. */
  take(bytes: number): Frame {
    const found = this.#spare.findIndex(({ length }) => length >= bytes)
    const memory = found < 0 ? new Uint8Array(2 ** Math.ceil(Math.log2(Math.max(bytes, 65_536)))) : this.#spare.splice(found, 1)[0]!
    let retained = 1
    return {
      bytes: memory,
      retain() { retained++ },
      release: () => {
        if (--retained === 0 && this.#spare.length < this.#most) this.#spare.push(memory)
      },
    }
  }
}
