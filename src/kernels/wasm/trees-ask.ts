// Trees without a walk: every node is asked, of 32 rows at once, and from the leaves upwards each takes the answer of the child that it points to. No branch and no address depends on
// the data, so for trees of some dozen leaves it is quicker than walking, where every step waits for a load and every end is guessed. The idea of looking at all nodes in order is
// QuickScorer's (C. Lucchese et al., SIGIR 2015); selecting from below needs no masks of leaves.

import { ASK_BYTES, ASK_LEAVES, ASK_LEFT, ASK_RANK, ASK_RIGHT, ASK_ROWS, ASK_WORK_BYTES, FOREST_GROUPS, FOREST_LEAF_WIDTH, FOREST_SECTIONS, FOREST_START, FOREST_STRIDE, FOREST_WORK,
  SECTION_END, SECTION_TREES, TREE_BYTES, TREE_END, TREE_LEAVES, TREE_NODES, TREE_SUM } from './trees-layout'
import { addTo } from './memory'
import { ranks } from './trees-cells'

/** Sums [rows, groups] of rows of the input, of which as many may be read (and sums written) as make the next multiple of 32. */
export function ask32(forest: usize, inputs: usize, rows: i32, sums: usize): void { ask<f32>(forest, inputs, rows, sums) }
export function ask64(forest: usize, inputs: usize, rows: i32, sums: usize): void { ask<f64>(forest, inputs, rows, sums) }

/** The numbers of leaves, where trees-layout.ts wants them. */
export function askInit(forest: usize): void {
  const work = usize(load<u32>(forest, FOREST_WORK))
  for (let leaf: usize = 0; leaf < usize(ASK_LEAVES); leaf++) {
    v128.store(work + (leaf << 5), i8x16.splat(i8(leaf)))
    v128.store(work + (leaf << 5), i8x16.splat(i8(leaf)), 16)
  }
}

/** Work: answers of leaves and nodes; sums [groups, 32]; ranks. */
function ask<S extends number>(forest: usize, inputs: usize, rows: i32, sums: usize): void {
  const work = usize(load<u32>(forest, FOREST_WORK))
  const groups = usize(load<u32>(forest, FOREST_GROUPS))
  const start = usize(load<u32>(forest, FOREST_START))
  const width = load<u32>(forest, FOREST_LEAF_WIDTH)
  const stride = usize(load<u32>(forest, FOREST_STRIDE)) << 5
  const section = usize(load<u32>(forest, FOREST_SECTIONS))
  const trees = usize(load<u32>(section, SECTION_TREES)), treesEnd = usize(load<u32>(section, SECTION_END))
  const totals = work + ASK_WORK_BYTES
  const cells = totals + groups * ASK_ROWS * sizeof<S>()
  for (; rows > 0; rows -= ASK_ROWS) {
    ranks(forest, inputs, ASK_ROWS, cells)
    for (let g: usize = 0; g < groups; g++) {
      for (let r: usize = 0; r < usize(ASK_ROWS); r++) store<S>(totals + (g * ASK_ROWS + r) * sizeof<S>(), load<S>(start + g * sizeof<S>()))
    }
    for (let tree = trees; tree < treesEnd; tree += TREE_BYTES) {
      answer(load<u32>(tree, TREE_NODES), load<u32>(tree, TREE_END), cells, work)
      addLeaves<S>(work, usize(load<u32>(tree, TREE_LEAVES)), totals + load<u32>(tree, TREE_SUM), width)
    }
    for (let r: usize = 0; r < usize(ASK_ROWS); r++) {
      for (let g: usize = 0; g < groups; g++, sums += sizeof<S>()) store<S>(sums, load<S>(totals + (g * ASK_ROWS + r) * sizeof<S>()))
    }
    inputs += stride
  }
}

/** The leaves that the rows reach, as bytes, in place of the first node's answer. */
function answer(node: usize, end: usize, cells: usize, work: usize): void {
  let to = work + (ASK_LEAVES << 5)
  let last0 = v128.load(work), last1 = last0
  for (; node < end; node += ASK_BYTES) {
    const cell = cells + load<u16>(node), rank = v128.load_splat<i8>(node, ASK_RANK), right = work + load<u16>(node, ASK_RIGHT), left = work + load<u16>(node, ASK_LEFT)
    last0 = i8x16.relaxed_laneselect(v128.load(right), v128.load(left), i8x16.gt_s(v128.load(cell), rank))
    last1 = i8x16.relaxed_laneselect(v128.load(right, 16), v128.load(left, 16), i8x16.gt_s(v128.load(cell, 16), rank))
    v128.store(to, last0)
    v128.store(to, last1, 16)
    to += 32
  }
  v128.store(work + (ASK_LEAVES << 5), last0)
  v128.store(work + (ASK_LEAVES << 5), last1, 16)
}

function addLeaves<S extends number>(work: usize, leaves: usize, totals: usize, width: u32): void {
  const found = work + (ASK_LEAVES << 5)
  if (width == 1) {
    for (let r: usize = 0; r < usize(ASK_ROWS); r += 4) {
      const at = found + r, to = totals + r * sizeof<S>()
      const leaf0 = usize(load<u8>(at)) * sizeof<S>(), leaf1 = usize(load<u8>(at, 1)) * sizeof<S>(), leaf2 = usize(load<u8>(at, 2)) * sizeof<S>(), leaf3 = usize(load<u8>(at, 3)) * sizeof<S>()
      addTo<S>(to, leaves + leaf0)
      addTo<S>(to + sizeof<S>(), leaves + leaf1)
      addTo<S>(to + 2 * sizeof<S>(), leaves + leaf2)
      addTo<S>(to + 3 * sizeof<S>(), leaves + leaf3)
    }
    return
  }
  for (let r: usize = 0; r < usize(ASK_ROWS); r++) {
    let from = leaves + usize(load<u8>(found + r) * width) * sizeof<S>(), to = totals + r * sizeof<S>()
    for (let g: u32 = 0; g < width; g++, from += sizeof<S>(), to += ASK_ROWS * sizeof<S>()) addTo<S>(to, from)
  }
}
