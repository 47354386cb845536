import { FLAG } from '../../trees.ts'
import type { Trees } from '../../trees.ts'

// Rows walked through one tree before the next tree: the tree stays in the cache, and so do the rows.
const ROWS_MAX = 256, NUMBERS_MAX = 65536

/** Margins [rows, groups] of features [rows, width]. Not to be called while it runs: it keeps its working memory. */
export function treeMargins(model: Trees): (features: Float32Array | Float64Array, rows: number) => Float32Array | Float64Array {
  const { width, groups, start, roots, group, scale, leafWidth, leaves, linear, zero } = model
  const block = Math.max(1, Math.min(ROWS_MAX, Math.floor(NUMBERS_MAX / Math.max(1, width))))
  const inputs = new Float64Array(block * width), leafOf = new Int32Array(block)
  const round = model.sums === 'float32' ? Math.fround : (x: number) => x

  return (features, rows) => {
    // adding to an element of a Float32Array rounds the sum of two float32 to float32, exactly as the origin does
    const sums = model.sums === 'float32' ? new Float32Array(rows * groups) : new Float64Array(rows * groups)
    for (let i = 0; i < sums.length; i += groups) sums.set(start, i)
    for (let from = 0; from < rows; from += block) {
      const count = Math.min(block, rows - from)
      read(features, from * width, count * width, zero, inputs)
      for (let tree = 0; tree < roots.length; tree++) {
        walk(model, roots[tree]!, inputs, count, leafOf)
        const factor = scale === undefined ? 1 : scale[tree]!
        if (leafWidth > 1) {
          for (let row = 0; row < count; row++) {
            for (let g = 0, to = (from + row) * groups, leaf = leafOf[row]! * leafWidth; g < groups; g++) sums[to + g] = sums[to + g]! + (leaf < 0 ? Infinity : leaves[leaf + g]!)
          }
          continue
        }
        for (let row = 0, to = from * groups + group[tree]!; row < count; row++, to += groups) {
          const leaf = leafOf[row]!
          const value = leaf < 0 ? Infinity : linear === undefined ? leaves[leaf]! : linearLeaf(model, linear, leaf, inputs, row * width)
          sums[to] = sums[to]! + (factor === 1 ? value : round(value * factor))
        }
      }
    }
    return sums
  }
}

function read(features: Float32Array | Float64Array, from: number, count: number, zero: number, into: Float64Array): void {
  for (let i = 0; i < count; i++) into[i] = features[from + i]!
  if (zero === 0) return
  for (let i = 0; i < count; i++) if (Math.abs(into[i]!) <= zero) into[i] = 0
}

const ENDED = -(2 ** 31)

/** The leaf that each of the rows reaches; -1: none, for what is missing ended the walk. */
function walk(model: Trees, root: number, inputs: Float64Array, rows: number, leafOf: Int32Array): void {
  const { width, feature, threshold, left, right, flags, zero } = model
  for (let row = 0, at = 0; row < rows; row++, at += width) {
    let node = root
    while (node >= 0) {
      const x = inputs[at + feature[node]!]!, flag = flags[node]!
      if (x !== x && (flag & FLAG.missingEnds) !== 0) { node = ENDED; break }
      let goesLeft: boolean
      if (x !== x && (flag & (FLAG.missingNaN | FLAG.missingZero)) !== 0 || (flag & FLAG.missingZero) !== 0 && Math.abs(x) <= zero) {
        goesLeft = (flag & FLAG.missingLeft) !== 0
      } else if ((flag & FLAG.set) !== 0) {
        goesLeft = isMember(model, threshold[node]!, x, flag) === ((flag & FLAG.membersLeft) !== 0)
      } else {
        const number = x === x ? x : 0
        goesLeft = (flag & FLAG.strict) !== 0 ? number < threshold[node]! : number <= threshold[node]!
      }
      node = goesLeft ? left[node]! : right[node]!
    }
    leafOf[row] = node === ENDED ? -1 : ~node
  }
}

/** Cut to an integer; NaN and what the set cannot hold are no members. */
function isMember(model: Trees, set: number, x: number, flag: number): boolean {
  const from = model.sets[set]!, to = model.sets[set + 1]!
  // an empty set has no members: not -0.5 either, which is cut to 0
  if (!(x > -1 && x < (to - from) * 32) || from === to) return false
  if (x < 0 && (flag & FLAG.noNegative) !== 0) return false
  const value = Math.trunc(x)
  return ((model.words[from + (value >>> 5)]! >>> (value & 31)) & 1) === 1
}

function linearLeaf(model: Trees, linear: NonNullable<Trees['linear']>, leaf: number, inputs: Float64Array, row: number): number {
  let sum = linear.constant[leaf]!
  if (sum !== sum) return model.leaves[leaf]!
  for (let i = linear.at[leaf]!, end = linear.at[leaf + 1]!; i < end; i++) {
    const x = inputs[row + linear.feature[i]!]!
    if (x !== x) return model.leaves[leaf]!
    sum += linear.coefficient[i]! * x
  }
  return sum
}
