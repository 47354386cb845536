import type { Call, Operator, Operators } from '../../call.ts'
import { isFloat, numbersIn } from '../../call.ts'
import { sizeOf, wordsOf } from '../../values.ts'
import type { Rows, Type, Value } from '../../values.ts'
import { converted } from '../elements.ts'
import { gathered, joined, taken } from '../pieces.ts'
import { lying, reshaped } from '../moves.ts'
import { known, perList } from '../words.ts'

/** A table of words or numbers on both sides. */
interface Pairs { readonly keys: readonly (string | number)[]; readonly values: readonly (string | number)[]; readonly otherwise: string | number; readonly type: Type }

/** Looks every number or word up. Of keys that are there twice the first counts. */
function mapped(call: Call, value: Rows, { keys, values, otherwise, type }: Pairs): Rows {
  if (keys.length !== values.length || keys.length === 0) throw call.broken(`${keys.length} keys for ${values.length} values`)
  const words = type === 'string' ? wordsOf([...values, otherwise].map(String)) : undefined
  const numberOf = (of: string | number): number => words === undefined ? type === 'float32' ? Math.fround(Number(of)) : Number(of) : words.codes.get(String(of))!
  const common = { kind: 'rows', type, dims: value.dims, batch: value.batch, ...(words === undefined ? {} : { words: Array.from({ length: sizeOf(value.dims) }, () => words), classes: words.list.slice(0, new Set(values).size) }) } as const
  const fallback = Float64Array.of(numberOf(otherwise))
  if (value.type === 'string') {
    return { ...common, value: perList(call, value, list => {
      const codes = known(list, keys.map(String)), table = new Float64Array(list.list.length).fill(fallback[0]!)
      for (let i = codes.length - 1; i >= 0; i--) if (codes[i]! >= 0) table[codes[i]!] = numberOf(values[i]!)
      return { width: 1, values: table, otherwise: fallback }
    }) }
  }
  const first = new Map<number, number>()
  let missing = fallback
  for (const [i, key] of keys.entries()) {
    const number = value.type === 'float32' ? Math.fround(Number(key)) : Number(key)
    // before version 4 ONNX Runtime does not find NaN
    if (Number.isNaN(number)) missing = call.version < 4 ? fallback : Float64Array.of(numberOf(values[i]!))
    else if (!first.has(number)) first.set(number, numberOf(values[i]!))
  }
  const sorted = [...first].sort(([a], [b]) => a - b)
  if (sorted.length === 0) throw call.refuse('a table whose only key is NaN')
  return { ...common, value: call.add({ op: 'lookup', of: value.value, keys: Float64Array.from(sorted, ([key]) => key), width: 1, values: Float64Array.from(sorted, ([, to]) => to), otherwise: fallback, missing }) }
}

const labelEncoder: Operator = call => {
  const { attributes } = call, value = call.rows(0), isText = value.type === 'string'
  if (call.version < 2) {
    const classes = attributes.texts('classes_strings'), numbers = classes.map((_, i) => i)
    const toNumber = attributes.int('default_int64', -1), toText = attributes.text('default_string', '_Unused')
    return isText ? mapped(call, value, { keys: classes, values: numbers, otherwise: toNumber, type: 'int64' }) : mapped(call, value, { keys: numbers, values: classes, otherwise: toText, type: 'string' })
  }
  const side = (name: string): { readonly list: readonly (string | number)[]; readonly type: Type } => {
    const tensor = attributes.tensor(`${name}_tensor`)
    if (tensor !== undefined) return { list: tensor.words ?? [...tensor.data], type: tensor.type }
    if (attributes.has(`${name}_strings`)) return { list: attributes.texts(`${name}_strings`), type: 'string' }
    if (attributes.has(`${name}_int64s`)) return { list: attributes.ints(`${name}_int64s`), type: 'int64' }
    return { list: attributes.floats(`${name}_floats`), type: 'float32' }
  }
  const keys = side('keys'), values = side('values'), given = attributes.tensor('default_tensor')
  // defaults of the other types are written by some exporters and mean nothing
  attributes.ignore('default_string', 'default_int64', 'default_float')
  const isTextKey = keys.type === 'string'
  if (isTextKey !== isText) throw call.broken(`LabelEncoder of ${keys.type} given ${value.type}`)
  const otherwise = given !== undefined ? given.words?.[0] ?? given.data[0]! : values.type === 'string' ? attributes.text('default_string', '_Unused') : values.type === 'int64' ? attributes.int('default_int64', -1) : attributes.float('default_float', -0)
  return mapped(call, value, { keys: keys.list, values: values.list, otherwise, type: values.type })
}

const oneHot: Operator = call => {
  const { attributes } = call, value = call.rows(0), words = attributes.texts('cats_strings', []), numbers = attributes.ints('cats_int64s', [])
  if (words.length > 0 === numbers.length > 0) throw call.broken(`${words.length} words and ${numbers.length} numbers as categories`)
  if (words.length > 0 !== (value.type === 'string')) throw call.broken(`OneHotEncoder given ${value.type}`)
  const width = words.length + numbers.length
  call.budget.spend(width * width, call.at)
  const dims = [...value.dims, width], none = new Float64Array(width)
  // of a category that is there twice the last counts
  const row = (into: Float64Array, at: number, category: number): void => { into.fill(0, at * width, (at + 1) * width)[at * width + category] = 1 }
  const encode = (): number => {
    if (words.length > 0) {
      return perList(call, value, list => {
        const codes = known(list, words)
        numbersIn(call, [list.list.length, width])
        const table = new Float64Array(list.list.length * width)
        for (const [category, code] of codes.entries()) if (code >= 0) row(table, code, category)
        return { width, values: table, otherwise: none }
      })
    }
    const keys = Float64Array.from(new Set(numbers)).sort(), table = new Float64Array(keys.length * width)
    for (const [category, number] of numbers.entries()) row(table, keys.indexOf(number), category)
    const whole = isFloat(value.type) ? call.add({ op: 'unary', fn: 'truncate', of: value.value }) : value.value
    return call.add({ op: 'lookup', of: whole, keys, width, values: table, otherwise: none })
  }
  const encoded = encode()
  if (attributes.int('zeros', 1) === 0) {
    const sum = call.add({ op: 'reduce', fn: 'sum', of: encoded, size: width }), fewest = call.add({ op: 'reduce', fn: 'minimum', of: sum, size: sizeOf(value.dims) })
    call.reject(call.add({ op: 'unary', fn: 'not', of: fewest }), `${call.at}: a value that is none of its categories`)
  }
  return { kind: 'rows', type: 'float32', dims, batch: value.batch, value: encoded }
}

const imputer: Operator = call => {
  const { attributes } = call, value = call.rows(0), isWhole = !isFloat(value.type), width = value.dims.at(-1) ?? 1
  if (value.type === 'string') throw call.refuse('Imputer of words')
  const given = isWhole ? attributes.ints('imputed_value_int64s') : attributes.floats('imputed_value_floats'), replaced = isWhole ? attributes.int('replaced_value_int64', 0) : attributes.float('replaced_value_float', 0)
  attributes.ignore('imputed_value_int64s', 'imputed_value_floats', 'replaced_value_int64', 'replaced_value_float')
  if (given.length === 0) throw call.broken('Imputer without values')
  const each = given.length === width ? given : [given[0]!]
  const is = Number.isNaN(replaced) ? call.add({ op: 'unary', fn: 'isMissing', of: value.value }) : call.add({ op: 'binary', fn: 'equal', a: value.value, b: Float64Array.of(replaced) })
  const size = sizeOf(value.dims), yes = each.length === 1 || size === width ? Float64Array.from(each) : Float64Array.from({ length: size }, (_, i) => each[i % width]!)
  return { ...value, value: call.add({ op: 'where', of: is, yes, no: value.value }) }
}

export const encoders: Operators = {
  LabelEncoder: labelEncoder, OneHotEncoder: oneHot, Imputer: imputer,
  CategoryMapper: call => {
    const { attributes } = call, value = call.rows(0), words = attributes.texts('cats_strings'), numbers = attributes.ints('cats_int64s')
    const toNumber = attributes.int('default_int64', -1), toText = attributes.text('default_string', '_Unused')
    return value.type === 'string' ? mapped(call, value, { keys: words, values: numbers, otherwise: toNumber, type: 'int64' }) : mapped(call, value, { keys: numbers, values: words, otherwise: toText, type: 'string' })
  },
  ArrayFeatureExtractor: call => {
    const value = call.value(0), at = call.value(1), { dims } = value, size = sizeOf(at.dims)
    if (dims.length === 0) throw call.broken('ArrayFeatureExtractor of a number')
    const into = dims.length === 1 ? [1, size] : [...dims.slice(0, -1), size]
    if (at.kind === 'constant') {
      const result = gathered(call, value, dims.length - 1, [...at.data], [size])
      return dims.length === 1 ? reshaped(result, into, lying(value.batch < 0 ? -1 : 0)) : result
    }
    if (value.kind === 'rows' || at.batch >= 0 && at.dims.slice(0, at.batch).some(dim => dim !== 1)) throw call.refuse('ArrayFeatureExtractor at places that differ from row to row')
    return taken(call, value, dims.length - 1, at, into, at.batch < 0 ? -1 : into.length - 1, false)
  },
  Binarizer: call => {
    const value = call.rows(0), threshold = call.attributes.float('threshold', 0)
    return { ...value, value: call.add({ op: 'binary', fn: 'greater', a: value.value, b: Float64Array.of(Math.fround(threshold)) }) }
  },
  FeatureVectorizer: call => {
    call.attributes.ignore('inputdimensions')
    const values = Array.from({ length: call.inputs }, (_, i): Value => converted(call, call.value(i), 'float32'))
    return joined(call, values, 1)
  },
  ZipMap: call => {
    const value = call.rows(0), words = call.attributes.texts('classlabels_strings', []), numbers = call.attributes.ints('classlabels_int64s', []), classes = words.length > 0 ? words : numbers
    if (classes.length !== value.dims.at(-1)) throw call.broken(`ZipMap of ${value.dims.at(-1)} numbers with ${classes.length} names`)
    return { ...value, classes, zipped: true }
  },
}
