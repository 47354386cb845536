import type { Arena, Region } from '../core/index.ts'
import { attach, instantiate } from './host.ts'
import { memoryOf, PAGE } from './webassembly.ts'
import type { KernelModule } from './webassembly.ts'

/** 4 GiB; who wants more finds the arena full and takes the heap. */
const PAGES_MAX = 65536
/** A cache line, and the widest vector. */
const ALIGN = 64
/** Kernels read over the end of what they are given. */
const GUARD = 256
/** Room for tables and images of models, beside the regions. Pages nobody touches cost nothing. */
const BLOCKS_BYTES = 256 * 2 ** 20

interface Hole { start: number; length: number }

/** An arena of `bytes` bytes, rounded up to pages: one WebAssembly memory, never grown, so views of it never detach. With a module its kernels
    work on that memory (`kernelsOf`), and there is as much more room for their blocks as `blocksBytes` says.
    @throws TypeError for a size that is no whole number of bytes */
export function createArena(bytes: number, module?: KernelModule, blocksBytes = BLOCKS_BYTES): Arena {
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new TypeError(`createArena(${bytes}): a whole number of bytes, at least 1`)
  const regions = Math.ceil(bytes / PAGE) * PAGE
  if (module === undefined) {
    const { buffer } = memoryOf(Math.min(regions / PAGE, PAGES_MAX))
    const space = spaceOf(buffer, 0, buffer.byteLength)
    return { reserve: size => space.take(size, 'low') }
  }
  // 128 KiB: more than the kernels' own tables
  const memory = memoryOf(Math.min(regions / PAGE + Math.ceil(blocksBytes / PAGE) + 2, PAGES_MAX))
  const run = instantiate(module, memory), { buffer } = memory
  const base = Math.ceil(run.heapBase() / ALIGN) * ALIGN, top = buffer.byteLength - GUARD
  const space = spaceOf(buffer, base, top)
  let left = Math.max(top - base - blocksBytes, 0)
  const arena: Arena = {
    reserve(size) {
      // what is promised to blocks is not given to batches
      const length = lengthOf(size)
      if (length > left) return undefined
      const region = space.take(size, 'low')
      if (region === undefined) return undefined
      left -= length
      return { bytes: region.bytes, release() { region.release(); left += length } }
    },
  }
  attach(arena, { run, memory, bytes: new Uint8Array(buffer), block: size => space.take(size, 'high') })
  return arena
}

function lengthOf(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`reserve(${size}): a whole number of bytes`)
  return Math.max(Math.ceil(size / ALIGN), 1) * ALIGN
}

/** Batches in flight finish out of order, so what is taken is freed in any order: holes are kept by address, the first (from below, or from
    above) that is large enough is taken, and neighbours join. */
function spaceOf(buffer: ArrayBuffer, from: number, to: number): { take(size: number, end: 'low' | 'high'): Region | undefined } {
  const holes: Hole[] = [{ start: from, length: to - from }]

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
    take(size, end) {
      const length = lengthOf(size), fits = (hole: Hole): boolean => hole.length >= length
      const found = end === 'low' ? holes.findIndex(fits) : holes.findLastIndex(fits)
      if (found < 0) return undefined
      const hole = holes[found]!, start = end === 'low' ? hole.start : hole.start + hole.length - length
      if (hole.length === length) holes.splice(found, 1)
      else {
        if (end === 'low') hole.start += length
        hole.length -= length
      }
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
