import { SluiceError } from '../../../core/errors.ts'
import { place } from '../place.ts'
import type { Place, Value } from '../place.ts'
import { readUbjson } from './ubjson.ts'

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
