import { createImage } from '../../../kernels/image.ts'
import type { KernelModule } from '../../../kernels/webassembly.ts'
import { LINEAR_BYTES, LINEAR_GROUPS, LINEAR_SKIPS, LINEAR_START, LINEAR_WEIGHTS, LINEAR_WIDTH } from '../../../kernels/wasm/linear-layout.ts'
import type { Linear } from '../../linear.ts'
import type { Core } from '../plain/cores.ts'
import { bytesOf } from './cells.ts'
import { placed } from './memory.ts'

const ROWS_MAX = 256, NUMBERS_MAX = 65536

/** Linear sums by kernels. undefined: they are not what kernels take. */
export function compiledLinear(linear: Linear, module: KernelModule): Core | undefined {
  const { width, groups, sums: type, start, weights, skipsNaN } = linear
  if (width === 0 || type === 'float32' && !(start.every(isSingle) && weights.every(isSingle))) return undefined
  const Numbers = type === 'float32' ? Float32Array : Float64Array, bytes = Numbers.BYTES_PER_ELEMENT
  const rowsMax = Math.max(4, Math.min(ROWS_MAX, Math.floor(NUMBERS_MAX / Math.max(width, groups)) & ~3))
  const padded = Math.ceil(groups * bytes / 16) * 16 / bytes
  const filled = (rows: number, of: Float64Array): Uint8Array => {
    const values = new Numbers(rows * padded)
    for (let row = 0; row < rows; row++) values.set(of.subarray(row * groups, (row + 1) * groups), row * padded)
    return bytesOf(values)
  }
  const image = createImage(), at = image.take(LINEAR_BYTES)
  const put = (part: Uint8Array): number => {
    const to = image.take(part.length)
    image.bytes(to, part)
    return to
  }
  image.u32(at + LINEAR_WIDTH, width)
  image.u32(at + LINEAR_GROUPS, groups)
  image.pointer(at + LINEAR_START, put(filled(1, start)))
  image.pointer(at + LINEAR_WEIGHTS, put(filled(width, weights)))
  image.u32(at + LINEAR_SKIPS, skipsNaN ? 1 : 0)
  const inputsAt = image.take((rowsMax + 3) * width * bytes), sumsAt = image.take(rowsMax * groups * bytes + 16)
  const memory = placed(image, module)
  if (memory === undefined) return undefined

  const { run, buffer, base } = memory, add = type === 'float32' ? run.linear32 : run.linear64
  const inputs = new Numbers(buffer, base + inputsAt, rowsMax * width), sums = new Numbers(buffer, base + sumsAt, rowsMax * groups)
  return {
    bytes: buffer.byteLength,
    how: `${groups} ${groups === 1 ? 'sum' : 'sums'} of ${width} products, 4 rows at once`,
    margins(features, rows) {
      const all = new Numbers(rows * groups)
      for (let from = 0; from < rows; from += rowsMax) {
        const count = Math.min(rowsMax, rows - from)
        inputs.set(features.subarray(from * width, (from + count) * width))
        add(base + at, base + inputsAt, count, base + sumsAt)
        all.set(sums.subarray(0, count * groups), from * groups)
      }
      return all
    },
  }
}

const isSingle = (x: number): boolean => Math.fround(x) === x || x !== x
