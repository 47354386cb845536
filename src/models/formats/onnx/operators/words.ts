import type { Call } from '../call.ts'
import { codeOf, wordsOf } from '../values.ts'
import type { Constant, Rows, Value, Words } from '../values.ts'

/** Words as numbers that mean the same in all values: codes of one list. `compares`: a word that no other value has need not have a code. */
export function united(call: Call, values: readonly Value[], compares: boolean): { readonly codes: readonly Value[]; readonly words: Words } {
  const lists = new Set(values.flatMap(value => value.kind === 'rows' ? [...new Set(value.words!)] : []))
  const open = [...lists].filter(list => list.open)
  if (open.length > 1 || open.length === 1 && lists.size > 1 || compares && open.length === 1 && values.every(value => value.kind === 'rows')) {
    throw call.refuse(`${call.op} of words of several inputs`, { why: 'words that no step of the model names cannot be told apart' })
  }
  const words = open[0] ?? (lists.size === 1 ? [...lists][0]! : wordsOf([...lists].flatMap(list => list.list)))
  const codes = values.map((value): Value => {
    if (value.kind === 'constant') return coded(value, words)
    return { ...value, type: 'int64', value: recoded(call, value, words) }
  })
  return { codes, words }
}

const coded = (value: Constant, words: Words): Constant => ({ kind: 'constant', type: 'int64', dims: value.dims, batch: value.batch, data: Float64Array.from(value.words!, word => codeOf(words, word)) })

/** The codes of a value in another list. */
function recoded(call: Call, value: Rows, words: Words): number {
  const lists = [...new Set(value.words!)]
  if (lists.length === 1 && lists[0] === words) return value.value
  return perList(call, value, list => ({ width: 1, values: Float64Array.from(list.list, word => codeOf(words, word)), otherwise: Float64Array.of(-1) }))
}

export interface Table { readonly width: number; readonly values: Float64Array; readonly otherwise: Float64Array }

/** A lookup of words in the table that belongs to the list of each: tables of the same width. */
export function perList(call: Call, value: Rows, table: (list: Words) => Table): number {
  const lists = [...new Set(value.words!)], look = (of: number, list: Words): number => {
    const { width, values, otherwise } = table(list)
    call.budget.spend(values.length, call.at)
    return call.add({ op: 'lookup', of, width, values: values.length > 0 ? values : otherwise, otherwise })
  }
  if (lists.length === 1) return look(value.value, lists[0]!)
  const parts = value.words!.map((list, i) => look(call.add({ op: 'select', of: value.value, columns: Int32Array.of(i) }), list))
  return call.add({ op: 'concat', of: parts })
}

/** Codes of the words that a step compares an input with; they belong to the categories of its columns from now on. */
export const known = (list: Words, words: readonly string[]): readonly number[] => words.map(word => list.open ? codeOf(list, word) : list.codes.get(word) ?? -1)
