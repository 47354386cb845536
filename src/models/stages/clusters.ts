import type { Bench } from './bench.ts'
import { constant } from './bench.ts'
import { largest } from './classes.ts'
import { forest } from '../trees.ts'
import type { Distance, StageOf } from './stages.ts'
import { splitAt } from './trees.ts'

const putCluster = (name: string | undefined, value: number, clusters: number, at: string, bench: Bench): void => {
  if (name !== undefined) bench.put(name, { value, width: 1, isVector: false, levels: [clusters] }, at)
}

/** From a row to each of the points [n, width]. */
function distances(features: string, points: Float64Array, width: number, distance: Distance, at: string, bench: Bench): number {
  const { value } = bench.numbers(features, at, width), count = points.length / width
  if (!Number.isInteger(count) || count === 0) throw bench.broken(at, `${points.length} numbers are no centers of ${width} features`)
  if (distance === 'euclidean') return bench.add({ op: 'distance', of: value, metric: 'squared', points }, at)
  const norm = bench.unary('sqrt', bench.reduce('sumSquares', value, at), at)
  bench.refuse(bench.binary('equal', norm, constant(0), at), 'all features are 0, which has no cosine distance', at)
  const norms = Float64Array.from({ length: count }, (_, k) => Math.sqrt(points.subarray(k * width, (k + 1) * width).reduce((sum, x) => sum + x * x, 0)))
  const product = bench.linear(value, points, new Float64Array(count), at)
  return bench.binary('subtract', constant(1), bench.binary('divide', bench.binary('divide', product, norm, at), norms, at), at)
}

export function kmeans({ features, prediction, centers, width, distance, at }: StageOf<'kmeans'>, bench: Bench): void {
  putCluster(prediction, bench.reduce('argmin', distances(features, centers, width, distance, at, bench), at), centers.length / width, at, bench)
}

export function bisectingKMeans({ features, prediction, nodes, width, distance, at }: StageOf<'bisecting_kmeans'>, bench: Bench): void {
  const inner = nodes.flatMap(({ children }, i) => children.length === 0 ? [] : [i])
  const wrong = nodes.findIndex(({ center, children }) => center.length !== width || children.length !== 0 && children.length !== 2 || children.some(child => !(Number.isInteger(child) && child > 0 && child < nodes.length)))
  if (wrong >= 0 || nodes.length === 0) throw bench.broken(at, `node ${wrong} has a center of another width, or children that are not there`)
  if (inner.length === 0) return putCluster(prediction, bench.add({ op: 'select', of: bench.numbers(features, at, width).value, columns: Int32Array.of(-1), fill: nodes[0]!.index }, at), 1, at, bench)
  // the centers of the left children, then of the right ones; each inner node then asks whether its left one is as near as its right one
  const points = new Float64Array(inner.length * 2 * width)
  for (const [k, i] of inner.entries()) for (const side of [0, 1]) points.set(nodes[nodes[i]!.children[side]!]!.center, (side * inner.length + k) * width)
  const all = distances(features, points, width, distance, at, bench), range = inner.map((_, k) => k)
  const isRight = bench.unary('not', bench.binary('lessEqual', bench.select(all, range, at), bench.select(all, range.map(k => k + inner.length), at), at), at)
  const growing = forest(bench.file, inner.length, 1), places = new Map(inner.map((i, k) => [i, k]))
  const reference = (i: number): number => places.has(i) ? i : ~i
  growing.grow({
    name: at, nodes: nodes.length, leaves: nodes.length, root: 0,
    node: i => splitAt(places.get(i)!, 0.5, reference(nodes[i]!.children[0]!), reference(nodes[i]!.children[1]!)),
    leaf: i => ({ values: [nodes[i]!.index] }),
  })
  const { arrays } = growing.done()
  const tree = { ...arrays, width: inner.length, groups: 1, inputs: 'float64', sums: 'float64', start: constant(0), zero: 0, scale: undefined, group: Int32Array.of(0) } as const
  putCluster(prediction, bench.add({ op: 'trees', of: isRight, trees: tree }, at), nodes.length - inner.length, at, bench)
}

export function gaussianMixture({ features, prediction, probability, weights, means, covariances, at }: StageOf<'gaussian_mixture'>, bench: Bench): void {
  const count = weights.length, width = means.length / count
  if (!(Number.isInteger(width) && width > 0) || covariances.length !== means.length * width) throw bench.broken(at, `${means.length} means and ${covariances.length} covariances of ${count} clusters`)
  if (width > SIDE_MAX) throw bench.unsupported(at, `a mixture over ${width} features`, `the roots of its covariances are taken when it is read, of at most ${SIDE_MAX} features`, 'reduce the features with PCA before')
  const { value } = bench.numbers(features, at, width)
  const roots = new Float64Array(covariances.length), shifts = new Float64Array(means.length), logs = new Float64Array(count)
  for (let k = 0; k < count; k++) {
    const mean = means.subarray(k * width, (k + 1) * width), { root, logDeterminant } = inverseRoot(covariances.slice(k * width * width, (k + 1) * width * width), width)
    roots.set(root, k * width * width)
    for (let i = 0; i < width; i++) shifts[k * width + i] = -mean.reduce((sum, x, j) => sum + root[i * width + j]! * x, 0)
    logs[k] = -0.5 * (width * Math.log(2 * Math.PI) + logDeterminant)
  }
  // the squared length of the row in the axes of each cluster
  const squares = bench.reduce('sumSquares', bench.linear(value, roots, shifts, at), at, width)
  const density = bench.unary('exp', bench.binary('add', bench.binary('multiply', squares, constant(-0.5), at), logs, at), at)
  const parts = bench.binary('add', bench.binary('multiply', density, weights, at), constant(Number.EPSILON), at)
  const probabilities = bench.binary('divide', parts, bench.reduce('sum', parts, at), at)
  putCluster(prediction, largest(probabilities, at, bench), count, at, bench)
  if (probability !== undefined) bench.put(probability, { value: probabilities, width: count, isVector: true }, at)
}

// n³ for each sweep over a matrix of n²
const SIDE_MAX = 256

/** Of a symmetric matrix (row-major) U D Uᵗ: D^(-1/2) Uᵗ and ln of the product of D, both without what is 0 as far as doubles can tell. */
function inverseRoot(matrix: Float64Array, n: number): { readonly root: Float64Array; readonly logDeterminant: number } {
  const vectors = eigenvectors(matrix, n), values = Array.from({ length: n }, (_, i) => matrix[i * n + i]!)
  const least = Number.EPSILON * Math.max(...values) * n, root = new Float64Array(n * n)
  let logDeterminant = 0
  for (const [i, x] of values.entries()) {
    if (!(x > least)) continue
    logDeterminant += Math.log(x)
    for (let j = 0; j < n; j++) root[i * n + j] = vectors[j * n + i]! * Math.sqrt(1 / x)
  }
  return { root, logDeterminant }
}

/** Jacobi: turns the matrix until only its diagonal, the eigenvalues, is left. The columns of what is returned are the eigenvectors. */
function eigenvectors(matrix: Float64Array, n: number): Float64Array {
  const vectors = new Float64Array(n * n)
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1
  const turn = (of: Float64Array, a: number, b: number, cos: number, sin: number): void => {
    const x = of[a]!, y = of[b]!
    of[a] = cos * x - sin * y
    of[b] = sin * x + cos * y
  }
  for (let sweep = 0, isTurned = true; isTurned && sweep < 40; sweep++) {
    isTurned = false
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = matrix[p * n + q]!, a = matrix[p * n + p]!, b = matrix[q * n + q]!
        if (!(Math.abs(off) > 1e-18 * Math.sqrt(Math.abs(a * b)))) continue
        isTurned = true
        const theta = (b - a) / (2 * off), tan = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const cos = 1 / Math.sqrt(tan * tan + 1), sin = tan * cos
        for (let k = 0; k < n; k++) turn(matrix, k * n + p, k * n + q, cos, sin)
        for (let k = 0; k < n; k++) turn(matrix, p * n + k, q * n + k, cos, sin)
        for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q, cos, sin)
      }
    }
  }
  return vectors
}
