import { createImage } from '../../../kernels/image.ts'
import type { KernelExports } from '../../../kernels/exports.ts'
import type { KernelModule } from '../../../kernels/webassembly.ts'
import { links32, links64 } from '../../links.ts'
import type { Links, Transform } from '../../links.ts'
import type { Cores } from '../plain/cores.ts'
import { placed } from './memory.ts'

const NUMBERS_MAX = 4096

/** The links that are made of e^x by kernels, in a memory that is made when the first is asked. */
export function compiledLinks(module: KernelModule): Cores['links'] {
  let opened: { readonly run: KernelExports; readonly at: number; readonly numbers32: Float32Array; readonly numbers64: Float64Array } | undefined
  const open = (): NonNullable<typeof opened> => {
    const image = createImage(), from = image.take(NUMBERS_MAX * 8 + 16), { run, buffer, base } = placed(image, module)!
    return opened = { run, at: base + from, numbers32: new Float32Array(buffer, base + from, NUMBERS_MAX), numbers64: new Float64Array(buffer, base + from, NUMBERS_MAX) }
  }
  /** Whole rows, as many at a time as there is room for. */
  const by = (kernel: (run: KernelExports, at: number, rows: number, groups: number, slope: number) => void, plain: Transform): Transform => (values, rows, groups, slope) => {
    const { run, at, numbers32, numbers64 } = opened ?? open(), rowsMax = Math.floor(NUMBERS_MAX / groups)
    if (rowsMax === 0) return plain(values, rows, groups, slope)
    const numbers = values instanceof Float32Array ? numbers32 : numbers64
    for (let from = 0; from < rows; from += rowsMax) {
      const count = Math.min(rowsMax, rows - from), part = values.subarray(from * groups, (from + count) * groups)
      numbers.set(part)
      kernel(run, at, count, groups, slope)
      part.set(numbers.subarray(0, count * groups))
    }
  }
  const float32: Links = {
    ...links32,
    sigmoid: by((run, at, rows, groups, slope) => run.sigmoid32(at, rows * groups, slope), links32.sigmoid),
    exp: by((run, at, rows, groups) => run.exp32(at, rows * groups), links32.exp),
    softmax: by((run, at, rows, groups) => run.softmax32(at, rows, groups), links32.softmax),
  }
  const float64: Links = {
    ...links64,
    sigmoid: by((run, at, rows, groups, slope) => run.sigmoid64(at, rows * groups, slope), links64.sigmoid),
    exp: by((run, at, rows, groups) => run.exp64(at, rows * groups), links64.exp),
    softmax: by((run, at, rows, groups) => run.softmax64(at, rows, groups), links64.softmax),
  }
  return { float32, float64 }
}
