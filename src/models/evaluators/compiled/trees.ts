import { createImage } from '../../../kernels/image.ts'
import type { Image } from '../../../kernels/image.ts'
import type { KernelModule } from '../../../kernels/webassembly.ts'
import { ASK_BYTES, ASK_CELLS, ASK_LEAVES, ASK_LEFT, ASK_RANK, ASK_RIGHT, ASK_ROWS, ASK_WORK_BYTES, FOREST_BYTES, FOREST_CELLS, FOREST_CELL_COUNT, FOREST_GROUPS, FOREST_COPIES,
  FOREST_LEAF_WIDTH, FOREST_SECTIONS, FOREST_SECTION_COUNT, FOREST_START, FOREST_STRIDE, FOREST_WIDE, FOREST_WORK, FOREST_ZERO, LEAF_MOST, LEAF_NAN, NODE_BYTES, NODE_CELLS,
  NODE_CHILD_SHIFT, NODES_MOST, RANK_MOST, RANK_ZERO, SECTION_BYTES, SECTION_END, SECTION_LEAVES, SECTION_NODES, SECTION_TREES, TREE_BYTES, TREE_DEPTH, TREE_DEPTH_OF_EIGHT, TREE_END, TREE_LEAVES, TREE_NODES,
  TREE_ROOT, TREE_SUM } from '../../../kernels/wasm/trees-layout.ts'
import { FLAG } from '../../trees.ts'
import type { Trees } from '../../trees.ts'
import type { Core } from '../plain/cores.ts'
import { treeMargins } from '../plain/trees.ts'
import { bytesOf, cellsOf } from './cells.ts'
import type { Cells } from './cells.ts'
import { placed } from './memory.ts'

const ROWS_MAX = 256, NUMBERS_MAX = 65536

/** ns, as measured (docs/decisions/0009): a step down a tree of one row; a node that is asked of one row; adding a leaf; a cell's rank. */
const STEP = 0.8, QUESTION = 0.042, LEAF = 0.6, RANK = 4

/** Trees by kernels, in the way that costs less, or if they can in the way that is given. undefined: they are not what kernels take. */
export function compiledTrees(trees: Trees, module: KernelModule, way?: 'walk' | 'ask'): Core | undefined {
  if (trees.linear !== undefined || trees.roots.length === 0 || !fitsSums(trees)) return undefined
  const shapes = shapesOf(trees), walked = cellsOf(trees, false)
  if (walked.count >= NODE_CELLS || shapes.some(({ nodes }) => 2 * nodes.length + 1 > NODES_MOST) || shapes.some(({ leaves }) => leaves > LEAF_MOST)) return undefined
  const steps = shapes.reduce((sum, { depth, mean }) => sum + Math.min(depth, 2 * mean), 0), questions = shapes.reduce((sum, { nodes }) => sum + nodes.length, 0)
  const walking = steps * STEP + (walked.copies > 0 ? 0 : walked.count)
  const asked = way !== 'walk' && (way === 'ask' || questions * QUESTION < walking) && shapes.every(({ leaves }) => leaves <= ASK_LEAVES) ? cellsOf(trees, true) : undefined
  const asking = asked === undefined ? Infinity : questions * QUESTION + shapes.length * LEAF + asked.count * RANK
  const asks = asked !== undefined && (way === 'ask' || asking < walking) && asked.ranks <= RANK_MOST && asked.count < ASK_CELLS

  const { width, groups } = trees, bytes = trees.sums === 'float32' ? 4 : 8, inputBytes = trees.inputs === 'float32' ? 4 : 8
  const rowsMax = Math.max(ASK_ROWS, Math.min(ROWS_MAX, Math.floor(NUMBERS_MAX / Math.max(1, width, groups)) & ~(ASK_ROWS - 1)))
  const image = createImage()
  const inputsAt = image.take(rowsMax * width * inputBytes + 16), sumsAt = image.take(rowsMax * groups * bytes)
  const leavesAt = layLeaves(image, trees, shapes)
  const walkAt = layForest(image, trees, walked, image.take(rowsMax * walked.count * 4 + 16), sectionsToWalk(image, trees, shapes, walked, leavesAt, bytes))
  const askAt = asks ? layForest(image, trees, asked, image.take(ASK_WORK_BYTES + ASK_ROWS * (groups * bytes + asked.count)), sectionToAsk(image, trees, shapes, asked, leavesAt, bytes)) : 0
  const memory = placed(image, module)
  if (memory === undefined) return undefined

  const { run, buffer, base } = memory
  const inputs = trees.inputs === 'float32' ? new Float32Array(buffer, base + inputsAt, rowsMax * width) : new Float64Array(buffer, base + inputsAt, rowsMax * width)
  const sums = trees.sums === 'float32' ? new Float32Array(buffer, base + sumsAt, rowsMax * groups) : new Float64Array(buffer, base + sumsAt, rowsMax * groups)
  const [walk, ask] = trees.sums === 'float32' ? [run.walk32, run.ask32] : [run.walk64, run.ask64]
  if (asks) run.askInit(base + askAt)
  /** Rows in which something is missing, where that may end a walk. */
  const ends = trees.flags.some(flag => (flag & FLAG.missingEnds) !== 0), plainly = ends ? treeMargins(trees) : undefined
  /** From so many rows on, up to ASK_ROWS, asking is quicker. */
  const askFrom = !asks ? Infinity : way === 'ask' ? 1 : Math.ceil(ASK_ROWS * asking / walking)
  return {
    bytes: buffer.byteLength,
    how: asks ? `${shapes.length} trees, all nodes asked of ${ASK_ROWS} rows at once` : `${shapes.length} trees, walked 8 rows or trees at once`,
    margins(features, rows) {
      const all = trees.sums === 'float32' ? new Float32Array(rows * groups) : new Float64Array(rows * groups)
      for (let from = 0; from < rows; from += rowsMax) {
        const count = Math.min(rowsMax, rows - from)
        inputs.set(features.subarray(from * width, (from + count) * width))
        const rest = count % ASK_ROWS, toAsk = rest >= askFrom ? count : askFrom <= ASK_ROWS ? count - rest : 0
        if (toAsk > 0) ask(base + askAt, base + inputsAt, toAsk, base + sumsAt)
        if (toAsk < count) walk(base + walkAt, base + inputsAt + toAsk * width * inputBytes, count - toAsk, base + sumsAt + toAsk * groups * bytes)
        all.set(sums.subarray(0, count * groups), from * groups)
      }
      if (plainly !== undefined) {
        for (let row = 0, at = 0; row < rows; row++, at += width) {
          let missing = false
          for (let i = at; i < at + width; i++) missing ||= features[i] !== features[i]
          if (missing) all.set(plainly(features.subarray(at, at + width), 1), row * groups)
        }
      }
      return all
    },
  }
}

/** Leaves and beginnings are numbers of the type that they are summed in. */
function fitsSums({ sums, leaves, start }: Trees): boolean {
  return sums === 'float64' || leaves.every(isSingle) && start.every(isSingle)
}
const isSingle = (x: number): boolean => Math.fround(x) === x

interface Shape {
  /** In walking order. */
  readonly nodes: Int32Array
  /** The first of its leaves, which follow each other, and how many. */
  readonly firstLeaf: number
  readonly leaves: number
  /** The longest way to a leaf, and that to one of them at random. */
  readonly depth: number
  readonly mean: number
}

function shapesOf({ roots, left, right }: Trees): Shape[] {
  return [...roots].map(root => {
    const nodes: number[] = [], refs = [root], depths = [0]
    let firstLeaf = Infinity, leaves = 0, deepest = 0, sum = 0
    while (refs.length > 0) {
      const ref = refs.pop()!, depth = depths.pop()!
      if (ref < 0) {
        firstLeaf = Math.min(firstLeaf, ~ref)
        leaves++
        deepest = Math.max(deepest, depth)
        sum += depth
        continue
      }
      nodes.push(ref)
      refs.push(right[ref]!, left[ref]!)
      depths.push(depth + 1, depth + 1)
    }
    return { nodes: Int32Array.from(nodes), firstLeaf, leaves, depth: deepest, mean: sum / leaves }
  })
}

/** As they are added: times their tree's factor, in the type of the sums. */
function layLeaves(image: Image, { leaves, leafWidth, scale, sums }: Trees, shapes: readonly Shape[]): number {
  const values = sums === 'float32' ? Float32Array.from(leaves) : leaves.slice()
  if (scale !== undefined && leafWidth === 1) {
    for (const [tree, { firstLeaf, leaves: count }] of shapes.entries()) for (let leaf = firstLeaf; leaf < firstLeaf + count; leaf++) values[leaf] = leaves[leaf]! * scale[tree]!
  }
  const at = image.take(values.byteLength)
  image.bytes(at, bytesOf(values))
  return at
}

interface Sections { readonly at: number; readonly count: number }

function layForest(image: Image, trees: Trees, cells: Cells, work: number, sections: Sections): number {
  const at = image.take(FOREST_BYTES), start = trees.sums === 'float32' ? Float32Array.from(trees.start) : trees.start, startAt = image.take(start.byteLength)
  image.bytes(startAt, bytesOf(start))
  image.u32(at + FOREST_STRIDE, trees.width * (trees.inputs === 'float32' ? 4 : 8))
  image.u32(at + FOREST_WIDE, trees.inputs === 'float32' ? 0 : 1)
  image.u32(at + FOREST_GROUPS, trees.groups)
  image.pointer(at + FOREST_START, startAt)
  image.u32(at + FOREST_LEAF_WIDTH, trees.leafWidth)
  image.pointer(at + FOREST_CELLS, cells.lay(image))
  image.u32(at + FOREST_CELL_COUNT, cells.count)
  image.u32(at + FOREST_COPIES, cells.copies)
  image.pointer(at + FOREST_WORK, work)
  image.pointer(at + FOREST_SECTIONS, sections.at)
  image.u32(at + FOREST_SECTION_COUNT, sections.count)
  image.f64(at + FOREST_ZERO, trees.zero)
  return at
}

function layTrees(image: Image, sections: readonly (readonly Shape[])[]): { readonly at: number; readonly trees: readonly number[] } {
  const at = image.take(sections.length * SECTION_BYTES)
  const trees = sections.map((shapes, i) => {
    const table = image.take(shapes.length * TREE_BYTES)
    image.pointer(at + i * SECTION_BYTES + SECTION_TREES, table)
    image.pointer(at + i * SECTION_BYTES + SECTION_END, table + shapes.length * TREE_BYTES)
    return table
  })
  return { at, trees }
}

function sectionsToWalk(image: Image, trees: Trees, shapes: readonly Shape[], cells: Cells, leavesAt: number, bytes: number): Sections {
  const sections: Shape[][] = []
  let nodes = Infinity, leaves = Infinity
  for (const shape of shapes) {
    nodes += 2 * shape.nodes.length + 1
    leaves += shape.leaves
    if (nodes > NODES_MOST || leaves > LEAF_MOST) {
      sections.push([])
      nodes = 2 * shape.nodes.length + 1
      leaves = shape.leaves
    }
    sections.at(-1)!.push(shape)
  }
  const { at, trees: tables } = layTrees(image, sections)
  let tree = 0
  for (const [i, of] of sections.entries()) {
    const nodesAt = image.take(of.reduce((sum, shape) => sum + 2 * shape.nodes.length + 1, 0) * NODE_BYTES), leaf = of[0]!.firstLeaf
    image.pointer(at + i * SECTION_BYTES + SECTION_NODES, nodesAt)
    image.pointer(at + i * SECTION_BYTES + SECTION_LEAVES, leavesAt + leaf * trees.leafWidth * bytes)
    let next = 0
    for (const [j, { depth }] of of.entries()) {
      const record = tables[i]! + j * TREE_BYTES
      image.u32(record + TREE_ROOT, next)
      image.u32(record + TREE_DEPTH, depth)
      image.u32(record + TREE_DEPTH_OF_EIGHT, Math.max(...of.slice(j, j + 8).map(shape => shape.depth)))
      image.u32(record + TREE_SUM, trees.leafWidth > 1 ? 0 : trees.group[tree]! * bytes)
      next = layNodes(image, trees, trees.roots[tree]!, cells, nodesAt, next, leaf)
      tree++
    }
  }
  return { at, count: sections.length }
}

/** Children side by side, a node's before those of its brother: the upper nodes of a tree share cache lines. Answers where the next tree goes. */
function layNodes(image: Image, { left, right }: Trees, root: number, cells: Cells, nodesAt: number, at: number, firstLeaf: number): number {
  let next = at + 1
  for (let level: [number, number][] = [[root, at]]; level.length > 0;) {
    const below: [number, number][] = []
    for (const [ref, to] of level) {
      const node = nodesAt + to * NODE_BYTES
      if (ref < 0) {
        image.u32(node, (LEAF_NAN | ~ref - firstLeaf) >>> 0)
        image.u32(node + 4, to << NODE_CHILD_SHIFT >>> 0)
        continue
      }
      image.f32(node, cells.threshold[ref]!)
      image.u32(node + 4, (next << NODE_CHILD_SHIFT | cells.of[ref]! << 2) >>> 0)
      below.push([left[ref]!, next], [right[ref]!, next + 1])
      next += 2
    }
    level = below
  }
  return next
}

function sectionToAsk(image: Image, trees: Trees, shapes: readonly Shape[], cells: Cells, leavesAt: number, bytes: number): Sections {
  const { at, trees: [table] } = layTrees(image, [shapes]), { left, right } = trees
  let node = image.take(shapes.reduce((sum, { nodes }) => sum + nodes.length, 0) * ASK_BYTES)
  for (const [tree, { nodes, firstLeaf }] of shapes.entries()) {
    const record = table! + tree * TREE_BYTES, standsAt = new Map<number, number>()
    const answerOf = (ref: number): number => ref < 0 ? ASK_ROWS * (~ref - firstLeaf) : standsAt.get(ref)!
    image.pointer(record + TREE_NODES, node)
    image.u32(record + TREE_SUM, trees.leafWidth > 1 ? 0 : trees.group[tree]! * ASK_ROWS * bytes)
    image.pointer(record + TREE_LEAVES, leavesAt + firstLeaf * trees.leafWidth * bytes)
    for (let i = nodes.length - 1; i >= 0; i--, node += ASK_BYTES) {
      const ref = nodes[i]!
      image.u32(node, cells.of[ref]! * ASK_ROWS | (cells.threshold[ref]! + RANK_ZERO & 0xff) << 8 * ASK_RANK)
      image.u32(node + ASK_LEFT, answerOf(left[ref]!) | answerOf(right[ref]!) << 8 * (ASK_RIGHT - ASK_LEFT))
      standsAt.set(ref, ASK_ROWS * (ASK_LEAVES + standsAt.size))
    }
    image.pointer(record + TREE_END, node)
  }
  return { at, count: 1 }
}
