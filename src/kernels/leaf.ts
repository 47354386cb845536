import type { Region } from '../core/index.ts'
import type { Kernels } from './host.ts'
import { createImage } from './image.ts'
import type { Image } from './image.ts'
import * as is from './wasm/layout.ts'

/** What a scan makes of the value at one place. Whatever is left out makes it leave the record to the plain path. */
export interface Leaf {
  /** Which number of the row. */
  readonly cell: number
  /** Numbers are taken as they are. In JSON only without tokens. */
  readonly numbers?: boolean
  /** Times, as two numbers: ms since the epoch and 0, or what clocks show, as ms as if it were UTC, and 1. In rows of float64 only. */
  readonly times?: boolean
  /** Texts and words as they are written: in JSON with their quotes (`"AA"`, `7`), in CSV as the cells they are. */
  readonly tokens?: ReadonlyMap<string, number>
  /** Numbers or words that are no texts are among the tokens. */
  readonly bare?: boolean
  /** Texts that are not among the tokens, which then hold all that can occur without escapes. */
  readonly unknown?: number
  readonly null?: number
  readonly true?: number
  readonly false?: number
  readonly absent?: number
}

/** What a scan makes of a list of numbers: all of them, or as many lists in lists, one after the other. It has to be as long. */
export interface Run {
  /** Which number of the row is the first. */
  readonly cell: number
  readonly count: number
  readonly null?: number
  readonly true?: number
  readonly false?: number
}

const TEXT = new TextEncoder()
const TOKEN_MAX = is.TOKEN_MAX
const ALLOWS = { null: is.ALLOWS_NULL, true: is.ALLOWS_TRUE, false: is.ALLOWS_FALSE, absent: is.ALLOWS_ABSENT, unknown: is.ALLOWS_UNKNOWN }
const VALUES = { null: is.FIELD_NULL, true: is.FIELD_TRUE, false: is.FIELD_FALSE, absent: is.FIELD_ABSENT, unknown: is.FIELD_UNKNOWN }

/** Tables while they are put together. */
export interface Laying {
  readonly image: Image
  readonly kernels: Kernels
  /** 4 for rows of float32, 8 for float64. */
  readonly cellBytes: number
  /** What the kernels do themselves when the image is in place, given where it is. */
  readonly later: ((base: number) => void)[]
}
export const layingFor = (kernels: Kernels, cellBytes: number): Laying => ({ image: createImage(), kernels, cellBytes, later: [] })

/** undefined: there is no room. */
export function placed({ image, kernels, later }: Laying): Region | undefined {
  const block = image.place(kernels)
  if (block !== undefined) for (const run of later) run(block.bytes.byteOffset)
  return block
}

export function layLeaves(laying: Laying, field: number, leaves: readonly Leaf[]): void {
  if (leaves.length === 1) return layLeaf(laying, field, leaves[0]!)
  const { image } = laying
  image.u32(field + is.FIELD_KIND, is.KIND_MANY)
  let before = field + is.FIELD_REF
  for (const leaf of leaves) {
    const each = image.take(is.FIELD_BYTES)
    layLeaf(laying, each, leaf)
    image.pointer(before, each)
    before = each + is.FIELD_NEXT
  }
}

export function layRun({ image, cellBytes }: Laying, field: number, run: Run): void {
  image.u32(field + is.FIELD_KIND, is.KIND_RUN)
  image.u32(field + is.FIELD_CELL, run.cell * cellBytes)
  image.u32(field + is.FIELD_RUN_END, (run.cell + run.count) * cellBytes)
  image.u32(field + is.FIELD_ALLOWS, layWords(image, field, run))
}

/** What stands for words, and where there is nothing; answers which of them are allowed. */
function layWords(image: Image, field: number, words: { readonly [what in keyof typeof ALLOWS]?: number }): number {
  let allows = 0
  for (const what of ['null', 'true', 'false', 'absent', 'unknown'] as const) {
    const value = words[what]
    if (value === undefined) continue
    allows |= ALLOWS[what]
    image.f64(field + VALUES[what], value)
  }
  return allows
}

export function layLeaf(laying: Laying, field: number, leaf: Leaf): void {
  const { image, cellBytes } = laying
  let allows = layWords(image, field, leaf) | (leaf.bare === true ? is.ALLOWS_BARE : 0)
  const tokens = [...leaf.tokens ?? []].map(([token, value]) => ({ bytes: TEXT.encode(token), value }))
  const held = tokens.filter(({ bytes }) => bytes.length > 0 && bytes.length <= TOKEN_MAX)
  // a text that is too long to be looked up may be one of them
  if (leaf.unknown !== undefined && held.length === tokens.length) allows |= is.ALLOWS_LONG
  image.u32(field + is.FIELD_KIND, leaf.numbers === true ? is.KIND_NUMBER : leaf.times === true ? is.KIND_TIME : is.KIND_TOKEN)
  image.u32(field + is.FIELD_CELL, leaf.cell * cellBytes)
  image.pointer(field + is.FIELD_REF, layDictionary(laying, held))
  image.u32(field + is.FIELD_ALLOWS, allows)
}

function layDictionary({ image, kernels, later }: Laying, tokens: readonly { readonly bytes: Uint8Array; readonly value: number }[]): number {
  // few share a slot: which of two it is cannot be predicted
  const bits = Math.ceil(Math.log2(tokens.length * 8 + 2))
  const dictionary = image.take(is.DICTIONARY_SLOTS + 2 ** bits * 4), entries = image.take(tokens.length * is.ENTRY_BYTES)
  image.u32(dictionary + is.DICTIONARY_MASK, 2 ** bits - 1)
  tokens.forEach(({ bytes, value }, i) => {
    const entry = entries + i * is.ENTRY_BYTES
    image.bytes(entry, bytes)
    image.f64(entry + is.ENTRY_VALUE, value)
    image.u32(entry + is.ENTRY_LENGTH, bytes.length)
    later.push(base => kernels.run.addToken(base + dictionary, base + entry))
  })
  return dictionary
}
