import type { Linear } from '../../linear.ts'

/** Margins [rows, groups] of features [rows, width]. */
export function linearMargins(model: Linear): (features: Float32Array | Float64Array, rows: number) => Float32Array | Float64Array {
  const { width, groups, start, weights, skipsNaN } = model
  const round = model.sums === 'float32' ? Math.fround : (x: number) => x
  return (features, rows) => {
    const sums = model.sums === 'float32' ? new Float32Array(rows * groups) : new Float64Array(rows * groups)
    for (let row = 0; row < rows; row++) {
      for (let g = 0; g < groups; g++) {
        let sum = start[g]!
        for (let i = 0; i < width; i++) {
          const x = round(features[row * width + i]!)
          if (x === x || !skipsNaN) sum = round(sum + round(x * weights[i * groups + g]!))
        }
        sums[row * groups + g] = sum
      }
    }
    return sums
  }
}
