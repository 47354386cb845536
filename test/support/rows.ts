import { partOf } from '../../src/codecs/pack.ts'
import type { Records } from '../../src/core/index.ts'

/** The values as text. */
export const textsOf = (records: Records): string[] => Array.from({ length: records.rows }, (_, row) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(partOf(records, records.values, row) ?? undefined))
