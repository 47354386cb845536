import type { Arena, ModelRef, RecordBatch, Region, Scored, Tensor } from '../core/index.ts'
import type { Kernels } from '../kernels/host.ts'
import * as is from '../kernels/wasm/layout.ts'
import { ORIGIN, originStart } from './origin.ts'
import { widthOf } from './outputs.ts'

/** The member of that name of the record; `optional`: null if there is none. */
export interface Taken { readonly member: string; readonly optional: boolean }
/** JSON that kernels can write: fields of numbers, for each part of what was scored, or of the record, and the origin; in an object of their own or behind what
    the record has. */
export interface Simple {
  readonly merges: boolean
  readonly origin: boolean
  readonly names: readonly string[]
  readonly values: readonly (readonly (Tensor | Taken)[])[]
}

/** Texts and tables of a plan. */
export const PLAN_ROOM = 65_536
const encoder = new TextEncoder()

/** Writes the plan of a batch to `at`, where PLAN_ROOM bytes are. Answers what holds the numbers until all is written; undefined: kernels cannot do it, or there
    is no room. */
export function placePlan(kernels: Kernels, arena: Arena, at: number, batch: RecordBatch, { parts }: Scored, simple: Simple): Region | undefined {
  const { merges, origin, names, values: [values] } = simple, [part] = parts
  if (part === undefined || parts.length > 1 || values === undefined || (merges && names.length === 0 && !origin)) return undefined
  const kinds = values.map(value => 'member' in value ? is.OUT_TAKEN : kindOf(value))
  const members = values.map(value => encoder.encode('member' in value ? JSON.stringify(value.member) : ''))
  // a broken one is written otherwise in bytes
  if (kinds.includes(-1) || values.some(value => 'member' in value && (!value.member.isWellFormed() || JSON.stringify(value.member) !== `"${value.member}"`)) || (merges && names.some(name => !name.isWellFormed()))) return undefined
  const before = names.map((name, i) => encoder.encode(`${i > 0 ? ',' : merges ? '' : '{'}${JSON.stringify(name)}:`))
  const comma = names.length > 0 ? ',' : merges ? '' : '{'
  const tails = origin ? part.models.map((model: ModelRef) => encoder.encode(comma + originStart(batch, model))) : []
  const end = encoder.encode(`${names.length === 0 && !origin ? '{' : ''}${origin ? '"}' : ''}${merges ? '' : '}'}`)
  const needles = merges ? [...names, ...origin ? [ORIGIN] : []].map(name => encoder.encode(JSON.stringify(name))) : []

  const view = new DataView(kernels.memory.buffer)
  let next = at + is.PLAN_BYTES
  const stop = at + PLAN_ROOM, take = (bytes: number): number => { next += bytes; return next - bytes }
  const fields = take(names.length * is.OUT_BYTES), tailsAt = take(tails.length * 8), namesAt = take(is.NAMES_FIRST + needles.length * is.NAME_BYTES)
  const texts = [...before, ...members, ...tails, end].reduce((sum, { length }) => sum + length, 0)
  if (next + texts > stop) return undefined
  const text = (of: Uint8Array, pointer: number): void => {
    view.setUint32(pointer, next, true)
    view.setUint32(pointer + 4, of.length, true)
    kernels.bytes.set(of, take(of.length))
  }
  const held = hold(kernels, arena, values)
  if (held === undefined) return undefined
  let most = end.length + Math.max(0, ...tails.map(({ length }) => length)) + is.OUT_NUMBER_MOST + is.OUT_OVER, taken = 0
  before.forEach((bytes, i) => {
    const field = fields + i * is.OUT_BYTES, value = values[i]!
    text(bytes, field + is.OUT_BEFORE)
    view.setUint32(field + is.OUT_KIND, kinds[i]!, true)
    most += bytes.length
    if ('member' in value) {
      text(members[i]!, field + is.OUT_NAME)
      view.setUint32(field + is.OUT_OPTIONAL, value.optional ? 1 : 0, true)
      view.setUint32(field + is.OUT_NEXT, taken, true)
      taken = field
      most += 4
      return
    }
    const width = widthOf(value)
    view.setUint32(field + is.OUT_WIDTH, width ?? 1, true)
    view.setUint32(field + is.OUT_LIST, width === undefined ? 0 : 1, true)
    view.setUint32(field + is.OUT_DATA, held.at[i]!, true)
    most += (width ?? 1) * is.OUT_NUMBER_MOST + 2
  })
  tails.forEach((bytes, i) => { text(bytes, tailsAt + i * 8) })
  text(end, at + is.PLAN_END)
  if (merges) placeNames(kernels.bytes, view, namesAt, needles)
  view.setUint32(at + is.PLAN_FIELDS, fields, true)
  view.setUint32(at + is.PLAN_LAST, fields + names.length * is.OUT_BYTES, true)
  view.setUint32(at + is.PLAN_NAMES, merges ? namesAt : 0, true)
  view.setUint32(at + is.PLAN_TAILS, origin ? tailsAt : 0, true)
  view.setUint32(at + is.PLAN_MOST, most, true)
  view.setUint32(at + is.PLAN_TAKEN, taken, true)
  view.setUint32(at + is.PLAN_COPIES, merges ? 1 : kinds.filter(kind => kind === is.OUT_TAKEN).length, true)
  return held.region
}

function kindOf({ dtype, data }: Tensor): number {
  if ('words' in data) return -1
  if (data instanceof Float64Array) return is.OUT_F64
  if (data instanceof Float32Array) return is.OUT_F32
  if (data instanceof Int32Array) return is.OUT_I32
  return dtype === 'bool' && data instanceof Uint8Array ? is.OUT_BOOL : -1
}

/** The numbers of tensors in the memory of kernels: where they are, or copied. */
function hold({ memory: { buffer } }: Kernels, arena: Arena, values: readonly (Tensor | Taken)[]): { readonly at: readonly number[]; readonly region: Region } | undefined {
  const datas = values.map(value => 'member' in value ? NOTHING.bytes : value.data as Uint8Array | Float64Array), inside = (data: Uint8Array | Float64Array): boolean => data.buffer === buffer
  const bytes = datas.reduce((sum, data) => inside(data) ? sum : sum + Math.ceil(data.byteLength / 8) * 8, 0)
  const region = bytes === 0 ? NOTHING : arena.reserve(bytes)
  if (region === undefined) return undefined
  let used = 0
  const at = datas.map(data => {
    if (inside(data)) return data.byteOffset
    region.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), used)
    used += Math.ceil(data.byteLength / 8) * 8
    return region.bytes.byteOffset + used - Math.ceil(data.byteLength / 8) * 8
  })
  return { at, region }
}
const NOTHING: Region = { bytes: new Uint8Array(0), release() {} }

/** The needles have their quotes. */
function placeNames(bytes: Uint8Array, view: DataView, at: number, needles: readonly Uint8Array[]): void {
  bytes.fill(0, at, at + is.NAMES_FIRST + needles.length * is.NAME_BYTES)
  view.setUint32(at + is.NAMES_LAST, at + is.NAMES_FIRST + needles.length * is.NAME_BYTES, true)
  needles.forEach((needle, i) => {
    const bit = 1 << (i & 7), last = needle[needle.length - 2]!, before = needle[needle.length - 3]
    bytes[at + (last & 15)]! |= bit
    // of the empty name what stands before it is not known
    for (let half = 0; half < 16; half++) if (before === undefined || half === (before & 15)) bytes[at + 16 + half]! |= bit
    const name = at + is.NAMES_FIRST + i * is.NAME_BYTES, end = needle.subarray(-16)
    bytes.set(end, name + 16 - end.length)
    bytes.fill(255, name + 32 - end.length, name + 32)
  })
}
