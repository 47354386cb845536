// Sums of products in order, each product and each sum rounded: side by side are groups, or rows, never the terms of a sum.

import { LINEAR_GROUPS, LINEAR_SKIPS, LINEAR_START, LINEAR_WEIGHTS, LINEAR_WIDTH } from './linear-layout'

/** Sums [rows, groups] of inputs [rows, columns], of which 3 rows more may be read, and of sums up to 15 bytes more be written. */
export function linear32(model: usize, inputs: usize, rows: i32, sums: usize): void {
  if (load<u32>(model, LINEAR_GROUPS) < 3 || load<u32>(model, LINEAR_SKIPS)) narrow<f32>(model, inputs, rows, sums)
  else wide32(model, inputs, rows, sums)
}
export function linear64(model: usize, inputs: usize, rows: i32, sums: usize): void {
  if (load<u32>(model, LINEAR_GROUPS) < 2 || load<u32>(model, LINEAR_SKIPS)) narrow<f64>(model, inputs, rows, sums)
  else wide64(model, inputs, rows, sums)
}

/** Four rows at a time. */
function narrow<S extends number>(model: usize, inputs: usize, rows: i32, sums: usize): void {
  const stride = usize(load<u32>(model, LINEAR_WIDTH)) * sizeof<S>()
  const groups = usize(load<u32>(model, LINEAR_GROUPS)), perRow = groups * sizeof<S>(), padded = paddedOf<S>(groups)
  const start = usize(load<u32>(model, LINEAR_START)), weights = usize(load<u32>(model, LINEAR_WEIGHTS))
  const skips = load<u32>(model, LINEAR_SKIPS)
  for (; rows > 0; rows -= 4, inputs += stride << 2, sums += perRow << 2) {
    for (let g: usize = 0; g < perRow; g += sizeof<S>()) {
      let s0 = load<S>(start + g), s1 = s0, s2 = s0, s3 = s0
      let w = weights + g
      for (let x = inputs, end = inputs + stride; x < end; x += sizeof<S>(), w += padded) {
        const weight = load<S>(w), x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride
        if (skips) {
          s0 = skipping<S>(s0, load<S>(x), weight)
          s1 = skipping<S>(s1, load<S>(x1), weight)
          s2 = skipping<S>(s2, load<S>(x2), weight)
          s3 = skipping<S>(s3, load<S>(x3), weight)
        } else {
          s0 = <S>(s0 + load<S>(x) * weight)
          s1 = <S>(s1 + load<S>(x1) * weight)
          s2 = <S>(s2 + load<S>(x2) * weight)
          s3 = <S>(s3 + load<S>(x3) * weight)
        }
      }
      store<S>(sums + g, s0)
      if (rows > 1) store<S>(sums + perRow + g, s1)
      if (rows > 2) store<S>(sums + (perRow << 1) + g, s2)
      if (rows > 3) store<S>(sums + perRow * 3 + g, s3)
    }
  }
}

function skipping<S extends number>(sum: S, x: S, weight: S): S {
  return x == x ? <S>(sum + x * weight) : sum
}

/** Bytes of a row of weights. */
function paddedOf<S extends number>(groups: usize): usize {
  return groups * sizeof<S>() + 15 & ~15
}

/** Of float32: four rows by eight groups, then by four. */
function wide32(model: usize, inputs: usize, rows: i32, sums: usize): void {
  const stride = usize(load<u32>(model, LINEAR_WIDTH)) << 2
  const perRow = usize(load<u32>(model, LINEAR_GROUPS)) << 2, padded = paddedOf<f32>(perRow >> 2)
  const start = usize(load<u32>(model, LINEAR_START)), weights = usize(load<u32>(model, LINEAR_WEIGHTS))
  for (; rows > 0; rows -= 4, inputs += stride << 2, sums += perRow << 2) {
    let g: usize = 0
    for (; g + 16 < padded; g += 32) {
      let a0 = v128.load(start + g), b0 = v128.load(start + g, 16), a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0
      let w = weights + g
      for (let x = inputs, end = inputs + stride; x < end; x += 4, w += padded) {
        const wa = v128.load(w), wb = v128.load(w, 16), x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride
        const v0 = v128.load_splat<f32>(x), v1 = v128.load_splat<f32>(x1), v2 = v128.load_splat<f32>(x2), v3 = v128.load_splat<f32>(x3)
        a0 = f32x4.add(a0, f32x4.mul(v0, wa))
        b0 = f32x4.add(b0, f32x4.mul(v0, wb))
        a1 = f32x4.add(a1, f32x4.mul(v1, wa))
        b1 = f32x4.add(b1, f32x4.mul(v1, wb))
        a2 = f32x4.add(a2, f32x4.mul(v2, wa))
        b2 = f32x4.add(b2, f32x4.mul(v2, wb))
        a3 = f32x4.add(a3, f32x4.mul(v3, wa))
        b3 = f32x4.add(b3, f32x4.mul(v3, wb))
      }
      putVector(sums + g, perRow - g, a0)
      putVector(sums + g + 16, perRow - g - 16, b0)
      if (rows > 1) { putVector(sums + perRow + g, perRow - g, a1); putVector(sums + perRow + g + 16, perRow - g - 16, b1) }
      if (rows > 2) { putVector(sums + (perRow << 1) + g, perRow - g, a2); putVector(sums + (perRow << 1) + g + 16, perRow - g - 16, b2) }
      if (rows > 3) { putVector(sums + perRow * 3 + g, perRow - g, a3); putVector(sums + perRow * 3 + g + 16, perRow - g - 16, b3) }
    }
    if (g < padded) {
      let a0 = v128.load(start + g), a1 = a0, a2 = a0, a3 = a0
      let w = weights + g
      for (let x = inputs, end = inputs + stride; x < end; x += 4, w += padded) {
        const wa = v128.load(w), x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride
        a0 = f32x4.add(a0, f32x4.mul(v128.load_splat<f32>(x), wa))
        a1 = f32x4.add(a1, f32x4.mul(v128.load_splat<f32>(x1), wa))
        a2 = f32x4.add(a2, f32x4.mul(v128.load_splat<f32>(x2), wa))
        a3 = f32x4.add(a3, f32x4.mul(v128.load_splat<f32>(x3), wa))
      }
      putVector(sums + g, perRow - g, a0)
      if (rows > 1) putVector(sums + perRow + g, perRow - g, a1)
      if (rows > 2) putVector(sums + (perRow << 1) + g, perRow - g, a2)
      if (rows > 3) putVector(sums + perRow * 3 + g, perRow - g, a3)
    }
  }
}

/** Of float64: four rows by two groups. */
function wide64(model: usize, inputs: usize, rows: i32, sums: usize): void {
  const stride = usize(load<u32>(model, LINEAR_WIDTH)) << 3
  const perRow = usize(load<u32>(model, LINEAR_GROUPS)) << 3, padded = paddedOf<f64>(perRow >> 3)
  const start = usize(load<u32>(model, LINEAR_START)), weights = usize(load<u32>(model, LINEAR_WEIGHTS))
  for (; rows > 0; rows -= 4, inputs += stride << 2, sums += perRow << 2) {
    for (let g: usize = 0; g < padded; g += 16) {
      let a0 = v128.load(start + g), a1 = a0, a2 = a0, a3 = a0
      let w = weights + g
      for (let x = inputs, end = inputs + stride; x < end; x += 8, w += padded) {
        const wa = v128.load(w), x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride
        a0 = f64x2.add(a0, f64x2.mul(v128.load_splat<f64>(x), wa))
        a1 = f64x2.add(a1, f64x2.mul(v128.load_splat<f64>(x1), wa))
        a2 = f64x2.add(a2, f64x2.mul(v128.load_splat<f64>(x2), wa))
        a3 = f64x2.add(a3, f64x2.mul(v128.load_splat<f64>(x3), wa))
      }
      putVector(sums + g, perRow - g, a0)
      if (rows > 1) putVector(sums + perRow + g, perRow - g, a1)
      if (rows > 2) putVector(sums + (perRow << 1) + g, perRow - g, a2)
      if (rows > 3) putVector(sums + perRow * 3 + g, perRow - g, a3)
    }
  }
}

/** As much of it as belongs to the row; the next row would be overwritten else. */
function putVector(to: usize, bytes: usize, vector: v128): void {
  if (isize(bytes) >= 16) { v128.store(to, vector); return }
  if (bytes & 8 && isize(bytes) > 0) {
    v128.store64_lane(to, vector, 0)
    to += 8
    vector = i8x16.shuffle(vector, vector, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)
  }
  if (bytes & 4 && isize(bytes) > 0) v128.store32_lane(to, vector, 0)
}
