// What the nodes of trees compare, made of the rows of the input.

import { ASK_ROWS, CELL_BYTES, CELL_COLUMN, CELL_KIND, CELL_MEMBER, CELL_MISSING, CELL_NUMBER, CELL_RULE, CELL_SIZE, CELL_TABLE, FOREST_CELLS, FOREST_CELL_COUNT, FOREST_STRIDE, FOREST_WIDE,
  FOREST_ZERO, RANK_ZERO, RULE_NAN, RULE_NO_NEGATIVE, RULE_OTHERS, RULE_ZERO } from './trees-layout'

/** Of each row all cells, float32. */
export function cells(forest: usize, from: usize, rows: i32, to: usize): void {
  const step = usize(load<u32>(forest, FOREST_CELL_COUNT)) << 2
  if (load<u32>(forest, FOREST_WIDE)) each<f64, f32>(forest, from, rows, to, step, 4)
  else each<f32, f32>(forest, from, rows, to, step, 4)
}

/** Of each cell ASK_ROWS rows, bytes. */
export function ranks(forest: usize, from: usize, rows: i32, to: usize): void {
  if (load<u32>(forest, FOREST_WIDE)) each<f64, i8>(forest, from, rows, to, 1, ASK_ROWS)
  else each<f32, i8>(forest, from, rows, to, 1, ASK_ROWS)
}

/** `step` bytes from row to row of what is made, `next` from cell to cell. */
function each<T extends number, O extends number>(forest: usize, from: usize, rows: i32, to: usize, step: usize, next: usize): void {
  const stride = usize(load<u32>(forest, FOREST_STRIDE))
  const zero = load<f64>(forest, FOREST_ZERO)
  let cell = usize(load<u32>(forest, FOREST_CELLS))
  for (const end = cell + load<u32>(forest, FOREST_CELL_COUNT) * CELL_BYTES; cell < end; cell += CELL_BYTES, to += next) {
    const kind = load<u32>(cell, CELL_KIND)
    const column = from + load<u32>(cell, CELL_COLUMN)
    if (kind == CELL_NUMBER) number<T>(cell, column, stride, rows, to, step, zero)
    else if (kind == CELL_MEMBER) member<T, O>(cell, column, stride, rows, to, step, zero)
    else rank<T, O>(cell, column, stride, rows, to, step, zero)
  }
}

function isMissing(x: f64, zero: f64, rule: u32): bool {
  return bool(u32(x != x) & rule & RULE_NAN | (u32(Math.abs(x) <= zero) << 1) & rule & RULE_ZERO)
}

/** NaN that is not missing, and what is nearly 0, is 0. */
function settled(x: f64, zero: f64): f64 {
  return Math.abs(x) > zero ? x : 0
}

function put<O extends number>(to: usize, rank: i32): void {
  if (sizeof<O>() == 1) store<i8>(to, rank + RANK_ZERO)
  else store<f32>(to, <f32>rank)
}

function number<T extends number>(cell: usize, from: usize, stride: usize, rows: i32, to: usize, step: usize, zero: f64): void {
  const rule = load<u32>(cell, CELL_RULE)
  const missing = <f32>load<i32>(cell, CELL_MISSING) * f32.MAX_VALUE * 2
  for (; rows > 0; rows--) {
    const x = <f64>load<T>(from)
    store<f32>(to, isMissing(x, zero, rule) ? missing : <f32>settled(x, zero))
    from += stride
    to += step
  }
}

/** Four rows at a time: a search waits for its loads. */
function rank<T extends number, O extends number>(cell: usize, from: usize, stride: usize, rows: i32, to: usize, step: usize, zero: f64): void {
  const rule = load<u32>(cell, CELL_RULE)
  const missing = load<i32>(cell, CELL_MISSING)
  const table = usize(load<u32>(cell, CELL_TABLE))
  const size = usize(load<u32>(cell, CELL_SIZE))
  for (; rows >= 4; rows -= 4) {
    const x0 = <f64>load<T>(from), x1 = <f64>load<T>(from + stride), x2 = <f64>load<T>(from + (stride << 1)), x3 = <f64>load<T>(from + stride * 3)
    const s0 = settled(x0, zero), s1 = settled(x1, zero), s2 = settled(x2, zero), s3 = settled(x3, zero)
    let p0 = table, p1 = table, p2 = table, p3 = table
    for (let half = size; half > 0; half = half >> 1 & ~7) {
      p0 += select<usize>(half, 0, load<f64>(p0 + half - 8) < s0)
      p1 += select<usize>(half, 0, load<f64>(p1 + half - 8) < s1)
      p2 += select<usize>(half, 0, load<f64>(p2 + half - 8) < s2)
      p3 += select<usize>(half, 0, load<f64>(p3 + half - 8) < s3)
    }
    put<O>(to, isMissing(x0, zero, rule) ? missing : i32((p0 - table) >> 3))
    put<O>(to + step, isMissing(x1, zero, rule) ? missing : i32((p1 - table) >> 3))
    put<O>(to + (step << 1), isMissing(x2, zero, rule) ? missing : i32((p2 - table) >> 3))
    put<O>(to + step * 3, isMissing(x3, zero, rule) ? missing : i32((p3 - table) >> 3))
    from += stride << 2
    to += step << 2
  }
  for (; rows > 0; rows--) {
    const x = <f64>load<T>(from), s = settled(x, zero)
    let p = table
    for (let half = size; half > 0; half = half >> 1 & ~7) p += select<usize>(half, 0, load<f64>(p + half - 8) < s)
    put<O>(to, isMissing(x, zero, rule) ? missing : i32((p - table) >> 3))
    from += stride
    to += step
  }
}

/** Numbers are cut to integers; NaN and what the set cannot hold are no members. */
function member<T extends number, O extends number>(cell: usize, from: usize, stride: usize, rows: i32, to: usize, step: usize, zero: f64): void {
  const rule = load<u32>(cell, CELL_RULE)
  const missing = load<i32>(cell, CELL_MISSING)
  const words = usize(load<u32>(cell, CELL_TABLE))
  const members = <f64>load<u32>(cell, CELL_SIZE)
  const least: f64 = rule & RULE_NO_NEGATIVE ? 0 : -1
  const others = i32((rule & RULE_OTHERS) != 0)
  for (; rows > 0; rows--) {
    const given = <f64>load<T>(from), x = Math.abs(given) <= zero ? 0 : given
    let is = 0
    if (x > -1 && x >= least && x < members && members > 0) {
      const value = <u32>i32(x)
      is = i32(load<u32>(words + (value >> 5 << 2)) >> (value & 31) & 1)
    }
    put<O>(to, isMissing(given, zero, rule) ? missing : is ^ others)
    from += stride
    to += step
  }
}
