import { readFile } from 'node:fs/promises'
import { avroWriter } from '../../codecs/avro-write.ts'
import { parseAvro } from '../../codecs/avro-schema.ts'
import { copyHeaders, frameBytes } from '../../codecs/framing.ts'
import { parseObject } from '../../codecs/json.ts'
import { openJsonSchema } from '../../codecs/json-schema.ts'
import { Packer } from '../../codecs/pack.ts'
import { openProtobuf } from '../../codecs/protobuf.ts'
import { fitted } from '../../codecs/unfit.ts'
import { SluiceError } from '../../core/index.ts'
import type { Context, Records, Rejection, Result, Written } from '../../core/index.ts'
import { openRegistry } from './client.ts'
import type { RegisteredSchema, Registry, RegistrySchema, SchemaType } from './client.ts'
import type { ProtobufWriteOptions, WriteCodec, WriteOptions } from './options.ts'
import { patiently } from './patience.ts'
import { referencesOf } from './schemas.ts'

/** Where results say which model made them; a schema need not have it. */
const ORIGIN = '__sluice'

/** A result whose values, JSON, are written by a schema of a registry and framed with its id; a row that does not fit is rejected. Sink and
    delivery see nothing of it. It waits until the registry answers.
    @throws SLUICE_CONFIG_INVALID, SLUICE_FILE_MISSING, SLUICE_NOT_AUTHORIZED, SLUICE_AUTHENTICATION_FAILED */
export async function encoding(result: Result, codec: WriteCodec, topic: string, context: Context): Promise<Result> {
  const [type, options]: readonly [SchemaType, ProtobufWriteOptions] = 'avro' in codec ? ['AVRO', codec.avro] : 'protobuf' in codec ? ['PROTOBUF', codec.protobuf] : ['JSON', codec.jsonSchema]
  const registry = openRegistry(options.registry), subject = options.subject ?? `${topic}-value`
  const given = options.schemaFile === undefined ? undefined : await schemaIn(options.schemaFile, type)
  if (given === undefined && options.register === true) throw invalid('register says that a schema is to be registered, and no schemaFile is named', 'schemaFile: FILE')
  if (given !== undefined && options.version !== undefined) throw invalid('schemaFile and version both say which schema is written', 'name one of them')
  const made = await patiently(async () => {
    const schema = await schemaOf(registry, subject, options, given, context.signal)
    if (schema.type !== type) throw invalid(`the subject '${subject}' has a schema of type ${schema.type}, and the codec of the sink is ${type}`, 'name another subject, or another codec')
    return { schema, references: await named(subject, () => referencesOf(registry, schema, context.signal)) }
  }, context, context.signal)
  if (made === undefined) throw new SluiceError('SLUICE_REGISTRY_AWAY', `the schema registry ${registry.name} did not answer before the pipeline was stopped`)
  const { schema, references } = made
  const { write, indexes } = await named(subject, () => writerOf(schema, references, options.message))
  context.log.write('info', `results are written by version ${schema.version} of '${subject}', id ${schema.id}`)
  return encoded(result, `version ${schema.version} of '${subject}'`, write, frameOf(schema, options, registry.name, indexes), options.framing === 'v1')
}

/** A result that no codec writes: its records name no schema any more, also where those they come from did. */
export function unframed(result: Result): Result {
  return {
    check: signature => result.check(signature),
    write(batch, scored) {
      const written = result.write(batch, scored)
      if (written.records.headers === undefined) return written
      const { records } = written, packer = new Packer(records.rows, records.bytes.length)
      for (let row = 0; row < records.rows; row++) copyRow(records, row, packer, undefined, at => packer.append(records.bytes, at, records.values.end[row]!))
      const bare = packer.finish(records.columns)
      records.release()
      return { ...written, records: bare }
    },
  }
}

type Write = (value: unknown, json: Uint8Array, packer: Packer) => void

function encoded(result: Result, schema: string, write: Write, frame: Uint8Array, inHeader: boolean): Result {
  const decoder = new TextDecoder()
  return {
    check: signature => result.check(signature),
    write(batch, scored): Written {
      const { records, rows, rejected } = result.write(batch, scored)
      const packer = new Packer(records.rows, records.bytes.length), kept = new Int32Array(records.rows), refused: Rejection[] = []
      for (let row = 0; row < records.rows; row++) {
        const before = packer.length
        try {
          copyRow(records, row, packer, inHeader ? frame : undefined, start => {
            const json = records.bytes.subarray(start, records.values.end[row]!), value = parseObject(decoder.decode(json))
            if (!inHeader) packer.append(frame)
            fitted(schema, () => write(value, json, packer))
          })
          kept[packer.rows - 1] = rows[row]!
        } catch (error) {
          if (!(error instanceof SluiceError) || error.severity !== 'record') throw error
          packer.drop(before)
          refused.push({ row: rows[row]!, stage: 'sink', error })
        }
      }
      const framed = packer.finish()
      records.release()
      return { records: framed, rows: kept.subarray(0, packer.rows), rejected: refused.length === 0 ? rejected : [...rejected, ...refused].sort((a, b) => a.row - b.row) }
    },
  }
}

/** Key, headers and time of a row; its value is what `put` appends, null stays null and names no schema. */
function copyRow(records: Records, row: number, packer: Packer, id: Uint8Array | undefined, put: (start: number) => void): void {
  packer.row(records.timesMs[row]!)
  const keyAt = records.keys.start[row]!, valueAt = records.values.start[row]!
  if (keyAt >= 0) { const at = packer.length; packer.append(records.bytes, keyAt, records.keys.end[row]!); packer.setKey(at) }
  copyHeaders(records, row, packer, valueAt < 0 ? undefined : id)
  if (valueAt < 0) return
  const at = packer.length
  put(valueAt)
  packer.setValue(at)
}

async function writerOf({ type, text }: RegistrySchema, references: readonly { readonly name: string; readonly text: string }[], message: string | undefined): Promise<{ readonly write: Write; readonly indexes?: readonly number[] }> {
  switch (type) {
    case 'AVRO': {
      const write = avroWriter(parseAvro(text, references.map(reference => reference.text)), [ORIGIN])
      return { write: (value, _, packer) => { write(value, packer) } }
    }
    case 'PROTOBUF': {
      const codec = (await openProtobuf(text, references, [ORIGIN])).named(message)
      if (codec === undefined) throw new Error(message === undefined ? 'it declares no message' : `it has no message '${message}'`)
      return { write: (value, _, packer) => { codec.encode(value, packer) }, indexes: codec.indexes }
    }
    default: {
      const check = await openJsonSchema(text, references)
      return { write(value, json, packer) { check(value); packer.append(json) } }
    }
  }
}

async function schemaOf(registry: Registry, subject: string, { version = 'latest', register, schemaFile }: WriteOptions, given: RegistrySchema | undefined, signal: AbortSignal): Promise<RegisteredSchema> {
  if (given === undefined) {
    const found = await registry.version(subject, version, signal)
    if (found === undefined) throw invalid(`the schema registry ${registry.name} has no ${version === 'latest' ? 'schema' : `version ${version}`} of the subject '${subject}'`, 'register it there, or name a schemaFile and say register: true')
    return found
  }
  let found = await registry.lookUp(subject, given, signal)
  if (found === undefined && register === true) {
    await registry.register(subject, given, signal)
    found = await registry.lookUp(subject, given, signal)
  }
  if (found === undefined) throw invalid(`the subject '${subject}' of the schema registry ${registry.name} does not have the schema of '${schemaFile}'`, 'register it there, or say register: true')
  return { ...found, type: given.type, text: given.text }
}

function frameOf({ id, guid }: RegisteredSchema, { framing = 'v0' }: WriteOptions, registry: string, indexes: readonly number[] | undefined): Uint8Array {
  if (framing === 'v0') return frameBytes(id, indexes)
  if (guid === undefined) throw invalid(`the schema registry ${registry} gives schemas no GUID, which framing v1 writes`, 'framing: v0')
  return frameBytes(guid, indexes)
}

async function schemaIn(path: string, type: SchemaType): Promise<RegistrySchema> {
  try { return { type, text: await readFile(path, 'utf8'), references: [] } } catch (cause) {
    throw new SluiceError('SLUICE_FILE_MISSING', `the schema '${path}' cannot be read`, { at: path, cause })
  }
}
async function named<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try { return await work() } catch (error) {
    if (error instanceof SluiceError) throw error
    throw invalid(`the schema of the subject '${subject}' cannot be used: ${error instanceof Error ? error.message : String(error)}`, 'register another schema', error)
  }
}
const invalid = (what: string, fix: string, cause?: unknown): SluiceError => new SluiceError('SLUICE_CONFIG_INVALID', what, { why: 'every result is written by a schema of the registry', fix, cause })
