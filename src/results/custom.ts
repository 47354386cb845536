import { WHOLE } from '../codecs/paths.ts'
import { valuesOf } from '../codecs/values.ts'
import { SluiceError } from '../core/index.ts'
import type { Predicted, Result } from '../core/index.ts'
import { compose } from './compose.ts'
import type { OutputValue, Prediction, ResultFunction, ResultOptions } from './options.ts'
import { ORIGIN, originOf } from './origin.ts'
import { elementsOf, widthOf } from './outputs.ts'

/** What a function makes of the decoded value and the prediction, as JSON; null: no record. What it throws rejects the record.
    @throws SLUICE_CONFIG_INVALID */
export function custom(make: ResultFunction, options: ResultOptions = {}): Result {
  if (options.codec === 'csv') {
    throw new SluiceError('SLUICE_CONFIG_INVALID', 'what a function makes cannot be written as CSV: its fields are not known beforehand', { why: 'a CSV file has one header for all lines', fix: 'write NDJSON, or name the columns with `object`' })
  }
  const origin = options.origin ?? true
  return compose({
    check() {},
    open(batch, { parts }, rows) {
      const values = valuesOf(batch, [WHOLE], rows()), predictions = parts.map(predictionOf), from = originOf(batch)
      return {
        write(row, answer, at, part, packer) {
          values.open(row)
          const source = from(row, answer, at)
          const made: unknown = make(values.value(), predictions[part]!(at), { ...source, partition: batch.partition, offset: batch.offsets[row]! })
          if (made === null) return false
          if (typeof made !== 'object' || Array.isArray(made) || made instanceof Promise) {
            const what = made instanceof Promise ? 'a promise' : Array.isArray(made) ? 'an array' : `${typeof made}`
            throw new SluiceError('SLUICE_RESULT_FAILED', `the result function gave ${what}`, { fix: 'return an object, or null for no record; it may not be async' })
          }
          packer.text(JSON.stringify(origin ? { ...made, [ORIGIN]: source } : made))
          return true
        },
      }
    },
  }, options.arena)
}

function predictionOf({ outputs }: Predicted): (row: number) => Prediction {
  const readers = [...outputs.tensors].map(([name, tensor]) => {
    const element = elementsOf(tensor), width = widthOf(tensor)
    return { name, read: width === undefined ? element : (row: number): readonly OutputValue[] => Array.from({ length: width }, (_, i) => element(row * width + i)) }
  })
  return row => Object.fromEntries(readers.map(({ name, read }) => [name, read(row)]))
}
