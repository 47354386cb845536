import { SluiceError } from '../../../core/errors.ts'
import { readUbjson } from './ubjson.ts'
import type { Value } from './ubjson.ts'

/** A place in the tree of values of a model file, with its path for errors. */
export interface Place {
  readonly path: string
  readonly value: Value
  /** @throws SLUICE_MODEL_BROKEN if it is not there. */
  at(key: string): Place
  maybe(key: string): Place | undefined
  /** Elements of an array of objects. */
  items(): readonly Place[]
  numbers(): ArrayLike<number>
  integers(): ArrayLike<number>
  texts(): readonly string[]
  text(): string
  /** A number >= 0 that XGBoost writes as a string ("12") or as a number. */
  count(): number
  broken(what: string): SluiceError
}

/** .json or .ubj, by the content. `file` names it in errors. */
export function documentOf(file: string, bytes: Uint8Array): Place {
  const isUbjson = bytes[0] === 0x7b && bytes[1] !== undefined && 'iUIulmLM'.includes(String.fromCharCode(bytes[1]))
  try {
    return place(file, '', isUbjson ? readUbjson(bytes) : parseJson(bytes))
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof SyntaxError || cause instanceof TypeError)) throw cause
    throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: the ${isUbjson ? 'UBJSON' : 'JSON'} cannot be read: ${cause.message}`, { at: file, cause })
  }
}

/** XGBoost writes NaN and Infinity as bare words, which JSON does not have. */
function parseJson(bytes: Uint8Array): Value {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  try {
    return JSON.parse(text) as Value
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error
    return JSON.parse(text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|NaN|Infinity/g, word => word === 'NaN' ? 'null' : word === 'Infinity' ? '1e999' : word)) as Value
  }
}

function place(file: string, path: string, value: Value): Place {
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: path === '' ? file : path })
  const maybe = (key: string): Place | undefined => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) throw broken('an object belongs here')
    return Object.hasOwn(value, key) ? place(file, path === '' ? key : `${path}.${key}`, (value as { readonly [key: string]: Value })[key]!) : undefined
  }
  const list = (): readonly Value[] => {
    if (!Array.isArray(value)) throw broken('a list belongs here')
    return value as readonly Value[]
  }
  const numbers = (): ArrayLike<number> => {
    if (ArrayBuffer.isView(value)) return value as Exclude<typeof value, string | readonly Value[]> & ArrayLike<number>
    const values = list()
    if (values.every(v => typeof v === 'number')) return values as readonly number[]
    return values.map((v, i) => {
      if (typeof v === 'number') return v
      if (typeof v === 'boolean') return v ? 1 : 0
      if (v === null) return NaN
      throw broken(`element ${i} is not a number`)
    })
  }
  const text = (): string => {
    if (typeof value !== 'string') throw broken('a text belongs here')
    return value
  }
  return {
    path, value, maybe, numbers, text, broken,
    at: key => {
      const found = maybe(key)
      if (found === undefined) throw broken(`'${key}' is missing`)
      return found
    },
    items: () => list().map((item, i) => place(file, `${path}[${i}]`, item)),
    integers: () => {
      const values = numbers()
      for (let i = 0; i < values.length; i++) if (!Number.isInteger(values[i])) throw broken(`element ${i} is not an integer`)
      return values
    },
    texts: () => {
      if (ArrayBuffer.isView(value) && value.byteLength === 0) return []
      return list().map((v, i) => {
        if (typeof v !== 'string') throw broken(`element ${i} is not a text`)
        return v
      })
    },
    count: () => {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) throw broken(`${JSON.stringify(value)?.slice(0, 40)} is not a count`)
      return number
    },
  }
}
