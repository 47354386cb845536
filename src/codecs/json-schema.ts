import type { Options, ValidateFunction } from 'ajv'
import { SluiceError } from '../core/index.ts'

/** A schema that others refer to under this name. */
export interface JsonSchemaReference { readonly name: string; readonly text: string }
/** @throws SLUICE_SCHEMA_MISMATCH */
export type JsonSchemaCheck = (value: unknown) => void

/** Compiles a JSON Schema of draft 6 or 7, 2019-09 or 2020-12; without `$schema` it is draft 7. Formats are notes, as in the newer drafts.
    @throws Error that says what is wrong */
export async function openJsonSchema(text: string, references: readonly JsonSchemaReference[] = []): Promise<JsonSchemaCheck> {
  const schema = schemaOf(text)
  const ajv = await compilerFor(dialectOf(schema))
  for (const { name, text: referred } of references) ajv.addSchema(schemaOf(referred), name)
  const check = ajv.compile(schema)
  return value => {
    if (check(value)) return
    const [first] = check.errors ?? []
    const at = first === undefined || first.instancePath === '' ? 'the value' : `'${first.instancePath}'`
    const more = typeof first?.params?.['additionalProperty'] === 'string' ? ` ('${first.params['additionalProperty']}')` : ''
    throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `${at} ${first?.message ?? 'does not fit the JSON Schema'}${more}`, { why: `its JSON Schema says so${first === undefined ? '' : ` at ${first.schemaPath}`}` })
  }
}

interface Compiler {
  addSchema(schema: object | boolean, key: string): unknown
  compile(schema: object | boolean): ValidateFunction
}
type Dialect = 'draft-06' | 'draft-07' | '2019-09' | '2020-12'

async function compilerFor(dialect: Dialect): Promise<Compiler> {
  const options: Options = { strict: false, validateFormats: false, logger: false, messages: true }
  if (dialect === '2020-12') return new (await import('ajv/dist/2020.js')).Ajv2020(options)
  if (dialect === '2019-09') return new (await import('ajv/dist/2019.js')).Ajv2019(options)
  const ajv = new (await import('ajv')).Ajv(options)
  // draft 7 only adds to it
  if (dialect === 'draft-06') ajv.addMetaSchema({ $id: 'http://json-schema.org/draft-06/schema#', $ref: 'http://json-schema.org/draft-07/schema#' })
  return ajv
}

function dialectOf(schema: object | boolean): Dialect {
  const named = typeof schema === 'object' && '$schema' in schema ? schema.$schema : undefined
  if (named === undefined) return 'draft-07'
  const found = /json-schema\.org\/(?:draft\/)?(draft-06|draft-07|2019-09|2020-12)\/schema#?$/.exec(String(named))?.[1]
  if (found === undefined) throw new Error(`its dialect '${String(named)}' is not understood; draft-06, draft-07, 2019-09 and 2020-12 are`)
  return found as Dialect
}

function schemaOf(text: string): object | boolean {
  let schema: unknown
  try { schema = JSON.parse(text) } catch (cause) { throw new Error('it is not JSON', { cause }) }
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) throw new Error('it is no object')
  return schema
}
