import { SluiceError } from '../../core/errors.ts'

export type Numbers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array
/** What JSON holds, and UBJSON, whose lists of numbers are typed arrays. */
export type Value = null | boolean | number | string | Numbers | readonly Value[] | { readonly [key: string]: Value }

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
  /** A number >= 0, or a text of one: XGBoost writes "12". */
  count(): number
  broken(what: string): SluiceError
}

/** `file` names it in errors, `path` the place in it. */
export function place(file: string, path: string, value: Value): Place {
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
