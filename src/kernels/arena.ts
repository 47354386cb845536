import type { Arena, Region } from '../core/index.ts'

// The type libraries that are loaded declare no WebAssembly; this is the part of it that is used here.
declare const WebAssembly: { readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } }

const PAGE = 65536
/** 4 GiB; who wants more finds the arena full and takes the heap. */
const PAGES_MAX = 65536
/** A cache line, and the widest vector. */
const ALIGN = 64

interface Hole { start: number; length: number }

/** An arena of `bytes` bytes, rounded up to pages: one WebAssembly memory, never grown, so views of it never detach. Batches in flight finish out of
    order, so regions are freed in any order: holes are kept by address, the first that is large enough is taken, and neighbours join.
    @throws TypeError for a size that is no whole number of bytes */
export function createArena(bytes: number): Arena {
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new TypeError(`createArena(${bytes}): a whole number of bytes, at least 1`)
  const pages = Math.min(Math.ceil(bytes / PAGE), PAGES_MAX)
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const holes: Hole[] = [{ start: 0, length: pages * PAGE }]

  function give(start: number, length: number): void {
    let next = 0
    while (next < holes.length && holes[next]!.start < start) next++
    const before = holes[next - 1], after = holes[next]
    const joinsBefore = before !== undefined && before.start + before.length === start
    const joinsAfter = after !== undefined && start + length === after.start
    if (joinsBefore && joinsAfter) { before.length += length + after.length; holes.splice(next, 1) }
    else if (joinsBefore) before.length += length
    else if (joinsAfter) { after.start = start; after.length += length }
    else holes.splice(next, 0, { start, length })
  }

  return {
    reserve(size: number): Region | undefined {
      if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`reserve(${size}): a whole number of bytes`)
      const length = Math.max(Math.ceil(size / ALIGN), 1) * ALIGN
      const found = holes.findIndex(hole => hole.length >= length)
      if (found < 0) return undefined
      const hole = holes[found]!, { start } = hole
      if (hole.length === length) holes.splice(found, 1)
      else { hole.start += length; hole.length -= length }
      let released = false
      return {
        bytes: new Uint8Array(buffer, start, size),
        release() {
          if (released) throw new TypeError('a region of the arena was released twice')
          released = true
          give(start, length)
        },
      }
    },
  }
}
