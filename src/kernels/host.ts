import type { Arena, Region } from '../core/index.ts'
import type { KernelExports } from './exports.ts'
import { powersOfFive } from './tables.ts'
import { instanceOf } from './webassembly.ts'
import type { KernelMemory, KernelModule } from './webassembly.ts'

/** The kernels of an executor, working on the memory of its arena. */
export interface Kernels {
  readonly run: KernelExports
  readonly memory: KernelMemory
  /** All of the memory: position i is pointer i. */
  readonly bytes: Uint8Array
  /** A block apart from the regions of batches, for what stays: tables, images of models. undefined: no room. */
  block(bytes: number): Region | undefined
}

const opened = new WeakMap<Arena, Kernels>()

/** undefined: the arena was made without kernels, or this engine cannot run them; the plain path does the work. */
export const kernelsOf = (arena: Arena | undefined): Kernels | undefined => arena === undefined ? undefined : opened.get(arena)

/** Only for who makes an arena: its kernels from now on. */
export function attach(arena: Arena, kernels: Kernels): void { opened.set(arena, kernels) }

/** Instantiates on a memory and fills the tables of the kernels. */
export function instantiate(module: KernelModule, memory: KernelMemory): KernelExports {
  const run = instanceOf(module, memory) as KernelExports
  run.crcInit()
  run.numberInit()
  new BigUint64Array(memory.buffer, run.pow5Table()).set(powersOfFive())
  return run
}
