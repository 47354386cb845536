// Trees from node to node: of a batch eight rows at a time, of a single row eight trees, so that eight loads are under way at once.

import { FOREST_CELL_COUNT, FOREST_GROUPS, FOREST_COPIES, FOREST_LEAF_WIDTH, FOREST_SECTIONS, FOREST_SECTION_COUNT, FOREST_START, FOREST_STRIDE, FOREST_WORK, LEAF_MOST, LEAF_NAN,
  NODE_CHILD_SHIFT, SECTION_BYTES, SECTION_END, SECTION_LEAVES, SECTION_NODES, SECTION_TREES, TREE_BYTES, TREE_DEPTH, TREE_DEPTH_OF_EIGHT, TREE_ROOT, TREE_SUM } from './trees-layout'
import { addTo } from './memory'
import { cells } from './trees-cells'

/** Sums [rows, groups] of rows of the input: as many as there is room for their cells. */
export function walk32(forest: usize, inputs: usize, rows: i32, sums: usize): void { walk<f32>(forest, inputs, rows, sums) }
export function walk64(forest: usize, inputs: usize, rows: i32, sums: usize): void { walk<f64>(forest, inputs, rows, sums) }

function walk<S extends number>(forest: usize, inputs: usize, rows: i32, sums: usize): void {
  begin<S>(forest, rows, sums)
  let x = inputs
  let stride = usize(load<u32>(forest, FOREST_STRIDE))
  const copies = load<u32>(forest, FOREST_COPIES), given = copies > 0 && !anyNaN(inputs, usize(rows) * stride)
  if (!given || copies > 1) {
    x = usize(load<u32>(forest, FOREST_WORK))
    if (given) twice(inputs, stride, rows, x)
    else cells(forest, inputs, rows, x)
    stride = usize(load<u32>(forest, FOREST_CELL_COUNT)) << 2
  }
  const leafWidth = load<u32>(forest, FOREST_LEAF_WIDTH)
  const perRow = usize(load<u32>(forest, FOREST_GROUPS)) * sizeof<S>()
  let section = usize(load<u32>(forest, FOREST_SECTIONS))
  for (const end = section + load<u32>(forest, FOREST_SECTION_COUNT) * SECTION_BYTES; section < end; section += SECTION_BYTES) {
    const eights = rows & ~7
    if (eights > 0) byRows<S>(section, x, stride, eights, sums, perRow, leafWidth)
    for (let row = eights; row < rows; row++) byTrees<S>(section, x + usize(row) * stride, sums + usize(row) * perRow, leafWidth, perRow == sizeof<S>())
  }
}

/** Every sum at its beginning. */
function begin<S extends number>(forest: usize, rows: i32, sums: usize): void {
  const bytes = usize(load<u32>(forest, FOREST_GROUPS)) * sizeof<S>()
  const start = usize(load<u32>(forest, FOREST_START))
  for (const end = sums + usize(rows) * bytes; sums < end; sums += bytes) {
    for (let g: usize = 0; g < bytes; g += sizeof<S>()) store<S>(sums + g, load<S>(start + g))
  }
}

/** Writes up to 15 bytes further. */
function twice(from: usize, stride: usize, rows: i32, to: usize): void {
  for (; rows > 0; rows--, from += stride, to += stride << 1) {
    for (let at: usize = 0; at < stride; at += 16) v128.store(to + at, v128.load(from + at))
    for (let at: usize = 0; at < stride; at += 16) v128.store(to + stride + at, v128.load(from + at))
  }
}

/** Among float32 numbers. Reads up to 15 bytes further, which count if they are NaN: no harm. */
function anyNaN(at: usize, bytes: usize): bool {
  let found = i32x4.splat(0)
  for (const end = at + bytes; at < end; at += 16) {
    const numbers = v128.load(at)
    found = v128.or(found, f32x4.ne(numbers, numbers))
  }
  return v128.any_true(found)
}

function step(nodes: usize, i: u32, x: usize): u32 {
  const node = nodes + (usize(i) << 3)
  const meta = load<u32>(node, 4)
  return (meta >> NODE_CHILD_SHIFT) + u32(load<f32>(x + (meta & 0x1ffc)) > load<f32>(node))
}

/** NaN with a number below; other thresholds are less, or have a sign. */
function isLeaf(nodes: usize, i: u32): i32 {
  return i32(load<i32>(nodes + (usize(i) << 3)) >= LEAF_NAN)
}

function leafOf<S extends number>(nodes: usize, i: u32, leaves: usize): S {
  return load<S>(leaves + usize(load<u32>(nodes + (usize(i) << 3)) & (LEAF_MOST - 1)) * sizeof<S>())
}

function add<S extends number>(nodes: usize, i: u32, leaves: usize, width: u32, to: usize): void {
  if (width == 1) {
    store<S>(to, <S>(load<S>(to) + leafOf<S>(nodes, i, leaves)))
    return
  }
  const leaf = load<u32>(nodes + (usize(i) << 3)) & (LEAF_MOST - 1)
  let from = leaves + usize(leaf * width) * sizeof<S>()
  for (const end = from + usize(width) * sizeof<S>(); from < end; from += sizeof<S>(), to += sizeof<S>()) addTo<S>(to, from)
}

function byRows<S extends number>(section: usize, x: usize, stride: usize, rows: i32, sums: usize, perRow: usize, width: u32): void {
  const nodes = usize(load<u32>(section, SECTION_NODES))
  const leaves = usize(load<u32>(section, SECTION_LEAVES))
  const treesEnd = usize(load<u32>(section, SECTION_END))
  // a tree with all rows before the next: it stays in the cache, and so do the rows
  for (let tree = usize(load<u32>(section, SECTION_TREES)); tree < treesEnd; tree += TREE_BYTES) {
    const root = load<u32>(tree, TREE_ROOT)
    const depth = load<i32>(tree, TREE_DEPTH)
    let x0 = x
    let to = sums + load<u32>(tree, TREE_SUM)
    for (let r = rows; r > 0; r -= 8) {
      const x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride, x4 = x3 + stride, x5 = x4 + stride, x6 = x5 + stride, x7 = x6 + stride
      let i0 = root, i1 = i0, i2 = i0, i3 = i0, i4 = i0, i5 = i0, i6 = i0, i7 = i0
      let left = depth
      // ways end early in trees that are no full ones: asked for after 8 steps, then after every 4
      for (let now = left < 8 ? left : 8; now > 0; now = left < 4 ? left : 4) {
        left -= now
        for (; now > 0; now--) {
          i0 = step(nodes, i0, x0)
          i1 = step(nodes, i1, x1)
          i2 = step(nodes, i2, x2)
          i3 = step(nodes, i3, x3)
          i4 = step(nodes, i4, x4)
          i5 = step(nodes, i5, x5)
          i6 = step(nodes, i6, x6)
          i7 = step(nodes, i7, x7)
        }
        if (left > 0 && isLeaf(nodes, i0) & isLeaf(nodes, i1) & isLeaf(nodes, i2) & isLeaf(nodes, i3) & isLeaf(nodes, i4) & isLeaf(nodes, i5) & isLeaf(nodes, i6) & isLeaf(nodes, i7)) break
      }
      add<S>(nodes, i0, leaves, width, to)
      add<S>(nodes, i1, leaves, width, to + perRow)
      add<S>(nodes, i2, leaves, width, to + perRow * 2)
      add<S>(nodes, i3, leaves, width, to + perRow * 3)
      add<S>(nodes, i4, leaves, width, to + perRow * 4)
      add<S>(nodes, i5, leaves, width, to + perRow * 5)
      add<S>(nodes, i6, leaves, width, to + perRow * 6)
      add<S>(nodes, i7, leaves, width, to + perRow * 7)
      x0 = x7 + stride
      to += perRow << 3
    }
  }
}

function byTrees<S extends number>(section: usize, x: usize, sums: usize, width: u32, single: bool): void {
  const nodes = usize(load<u32>(section, SECTION_NODES))
  const leaves = usize(load<u32>(section, SECTION_LEAVES))
  const treesEnd = usize(load<u32>(section, SECTION_END))
  let tree = usize(load<u32>(section, SECTION_TREES))
  // one sum stays in a register: through the memory, each tree would wait for the one before
  let sum = load<S>(sums)
  for (; tree + 7 * TREE_BYTES < treesEnd; tree += 8 * TREE_BYTES) {
    let i0 = load<u32>(tree, TREE_ROOT), i1 = load<u32>(tree, TREE_ROOT + 16), i2 = load<u32>(tree, TREE_ROOT + 32), i3 = load<u32>(tree, TREE_ROOT + 48)
    let i4 = load<u32>(tree, TREE_ROOT + 64), i5 = load<u32>(tree, TREE_ROOT + 80), i6 = load<u32>(tree, TREE_ROOT + 96), i7 = load<u32>(tree, TREE_ROOT + 112)
    let left = load<i32>(tree, TREE_DEPTH_OF_EIGHT)
    for (let now = left < 8 ? left : 6; now > 0; now = left < 2 ? left : 2) {
      left -= now
      for (; now > 0; now--) {
        i0 = step(nodes, i0, x)
        i1 = step(nodes, i1, x)
        i2 = step(nodes, i2, x)
        i3 = step(nodes, i3, x)
        i4 = step(nodes, i4, x)
        i5 = step(nodes, i5, x)
        i6 = step(nodes, i6, x)
        i7 = step(nodes, i7, x)
      }
      if (left > 0 && isLeaf(nodes, i0) & isLeaf(nodes, i1) & isLeaf(nodes, i2) & isLeaf(nodes, i3) & isLeaf(nodes, i4) & isLeaf(nodes, i5) & isLeaf(nodes, i6) & isLeaf(nodes, i7)) break
    }
    if (single) {
      sum = <S>(sum + leafOf<S>(nodes, i0, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i1, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i2, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i3, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i4, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i5, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i6, leaves))
      sum = <S>(sum + leafOf<S>(nodes, i7, leaves))
      continue
    }
    add<S>(nodes, i0, leaves, width, sums + load<u32>(tree, TREE_SUM))
    add<S>(nodes, i1, leaves, width, sums + load<u32>(tree, TREE_SUM + 16))
    add<S>(nodes, i2, leaves, width, sums + load<u32>(tree, TREE_SUM + 32))
    add<S>(nodes, i3, leaves, width, sums + load<u32>(tree, TREE_SUM + 48))
    add<S>(nodes, i4, leaves, width, sums + load<u32>(tree, TREE_SUM + 64))
    add<S>(nodes, i5, leaves, width, sums + load<u32>(tree, TREE_SUM + 80))
    add<S>(nodes, i6, leaves, width, sums + load<u32>(tree, TREE_SUM + 96))
    add<S>(nodes, i7, leaves, width, sums + load<u32>(tree, TREE_SUM + 112))
  }
  for (; tree < treesEnd; tree += TREE_BYTES) {
    let i = load<u32>(tree, TREE_ROOT)
    while (!isLeaf(nodes, i)) i = step(nodes, i, x)
    if (single) sum = <S>(sum + leafOf<S>(nodes, i, leaves))
    else add<S>(nodes, i, leaves, width, sums + load<u32>(tree, TREE_SUM))
  }
  if (single) store<S>(sums, sum)
}
