import { readFile } from 'node:fs/promises'
import { parseAvro } from '../../codecs/avro-schema.ts'
import type { AvroType } from '../../codecs/avro-schema.ts'
import { readFrame } from '../../codecs/framing.ts'
import type { Frame } from '../../codecs/framing.ts'
import { SluiceError } from '../../core/index.ts'
import type { Context, Decoder, RecordBatch, Records, Source } from '../../core/index.ts'
import { openRegistry } from './client.ts'
import type { Registry, SchemaType } from './client.ts'
import type { ReadCodec } from './options.ts'
import { patiently } from './patience.ts'
import { payloadOf, referencesOf, titleOf } from './schemas.ts'
import type { Payload } from './schemas.ts'

/** So many schemas are remembered at most; then all are forgotten, and those in use asked for again. */
const SCHEMAS_MAX = 1000
/** A schema that the registry did not have may be registered later. */
const UNKNOWN_MS = 30_000
const ASKED_AT_ONCE = 8

/** The same source, whose batches from now on have a decoder that reads their values by the schemas they name. It is not another one, for a
    delivery knows the source it commits for. Every schema of a batch is known before the batch is handed over; while the registry is away,
    nothing is. Bytes stay as they came.
    @throws SLUICE_CONFIG_INVALID, SLUICE_NOT_AUTHORIZED, SLUICE_AUTHENTICATION_FAILED */
export async function decoding<S extends Source>(source: S, codec: ReadCodec, context: Context): Promise<S> {
  const type: SchemaType = 'avro' in codec ? 'AVRO' : 'protobuf' in codec ? 'PROTOBUF' : 'JSON'
  const options = 'avro' in codec ? codec.avro : 'protobuf' in codec ? codec.protobuf : codec.jsonSchema
  const reader = 'avro' in codec && codec.avro.readerSchema !== undefined ? await readerSchema(codec.avro.readerSchema) : undefined
  const registry = openRegistry(options.registry)
  try { await registry.check(context.signal) } catch (error) {
    // away now is no worse than away later
    if (!(error instanceof SluiceError) || error.severity !== 'retry') throw error
    context.log.write('warn', error.message, { code: error.code, fix: error.fix })
  }
  const schemas = new Schemas(registry, type, reader, context)
  const read = source.read.bind(source)
  source.read = (owner, signal) => decoded(read(owner, signal), schemas, signal)
  return source
}

async function* decoded(batches: AsyncIterable<RecordBatch>, schemas: Schemas, signal: AbortSignal): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    let decoder: Decoder | undefined
    try { decoder = await schemas.decoderFor(batch, signal) } finally { if (decoder === undefined) batch.release() }
    if (decoder === undefined) return
    yield { ...batch, decoder }
  }
}

/** What is known of a schema: what decodes its values, or why nothing does. */
type Known = Payload | SluiceError

class Schemas {
  #known = new Map<number | string, Known>()
  #decoder: Decoder
  readonly #forget = new Map<number | string, number>()        // unknown ones: until when they are
  readonly #registry: Registry
  readonly #type: SchemaType
  readonly #reader: AvroType | undefined
  readonly #context: Context

  constructor(registry: Registry, type: SchemaType, reader: AvroType | undefined, context: Context) {
    this.#registry = registry
    this.#type = type
    this.#reader = reader
    this.#context = context
    this.#decoder = decoderOf(this.#known, type)
  }

  /** A decoder that knows all schemas of the batch; undefined: the signal came first. */
  async decoderFor(batch: RecordBatch, signal: AbortSignal): Promise<Decoder | undefined> {
    this.#forgetOld()
    const missing = this.#missing(batch)
    if (missing !== undefined) {
      if (this.#known.size + missing.size > SCHEMAS_MAX) {
        // batches on their way keep what they were given
        this.#known = new Map()
        this.#forget.clear()
        this.#decoder = decoderOf(this.#known, this.#type)
        for (const schema of this.#missing(batch) ?? []) missing.add(schema)
      }
      await patiently(async () => {
        const open = Array.from(missing).filter(schema => !this.#known.has(schema))
        for (let i = 0; i < open.length; i += ASKED_AT_ONCE) {
          await Promise.all(open.slice(i, i + ASKED_AT_ONCE).map(async schema => { this.#known.set(schema, await this.#ask(schema, signal)) }))
        }
      }, this.#context, signal)
    }
    return signal.aborted ? undefined : this.#decoder
  }

  #missing(batch: RecordBatch): Set<number | string> | undefined {
    const { values, rows } = batch
    let missing: Set<number | string> | undefined, last: number | string | undefined
    for (let row = 0; row < rows; row++) {
      if (values.start[row]! < 0) continue
      try { readFrame(batch, row, frame) } catch { continue }             // told again when the row is decoded
      if (frame.schema === last) continue
      last = frame.schema
      if (!this.#known.has(last)) (missing ??= new Set()).add(last)
    }
    return missing
  }
  #forgetOld(): void {
    if (this.#forget.size === 0) return
    const nowMs = this.#context.clock.nowMs()
    for (const [schema, untilMs] of this.#forget) {
      if (untilMs > nowMs) continue
      this.#forget.delete(schema)
      this.#known.delete(schema)
    }
  }

  async #ask(schema: number | string, signal: AbortSignal): Promise<Known> {
    const named = typeof schema === 'number' ? `id ${schema}` : `GUID ${schema}`
    // ids are positive ints
    const found = typeof schema === 'string' ? await this.#registry.byGuid(schema, signal) : schema > 2_147_483_647 ? undefined : await this.#registry.byId(schema, signal)
    if (found === undefined) {
      this.#forget.set(schema, this.#context.clock.nowMs() + UNKNOWN_MS)
      return new SluiceError('SLUICE_SCHEMA_UNKNOWN', `the schema registry ${this.#registry.name} has no schema of ${named}`)
    }
    const unfit = (what: string, cause?: unknown): SluiceError => new SluiceError('SLUICE_SCHEMA_MISMATCH', `the schema of ${named} cannot be used: ${what}`, { cause,
      why: `it is ${titleOf(found.type)}, as the registry has it`, fix: 'register a schema that can be read, and produce with it' })
    if (found.type !== this.#type) return unfit(`the codec of the source is ${titleOf(this.#type)}`)
    try {
      return await payloadOf(found, await referencesOf(this.#registry, found, signal), this.#reader)
    } catch (error) {
      if (error instanceof SluiceError && error.severity !== 'record') throw error
      return unfit(error instanceof Error ? error.message : String(error), error)
    }
  }
}

const frame: Frame = { schema: 0, after: 0, inHeader: false, end: 0 }
const payloadAt = (records: Records, row: number): number => frame.inHeader ? records.values.start[row]! : frame.after

function decoderOf(known: ReadonlyMap<number | string, Known>, type: SchemaType): Decoder {
  const decoder: Decoder = {
    decode(records, row) {
      readFrame(records, row, frame)
      const payload = known.get(frame.schema)
      if (payload === undefined) throw new SluiceError('SLUICE_SCHEMA_UNKNOWN', `the schema ${frame.schema} was not asked for`)
      if (payload instanceof SluiceError) throw payload
      try { return payload.decode(records.bytes, frame, payloadAt(records, row), records.values.end[row]!) } catch (error) {
        if (error instanceof SluiceError) throw error
        throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `the value does not fit schema ${frame.schema}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    },
  }
  return type !== 'JSON' ? decoder : { ...decoder, jsonAt(records, row) { readFrame(records, row, frame); return payloadAt(records, row) } }
}

async function readerSchema(path: string): Promise<AvroType> {
  let text: string
  try { text = await readFile(path, 'utf8') } catch (cause) { throw new SluiceError('SLUICE_FILE_MISSING', `the reader's schema '${path}' cannot be read`, { at: path, cause }) }
  try { return parseAvro(text) } catch (cause) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `the reader's schema '${path}' is no Avro schema: ${(cause as Error).message}`, { at: path, why: 'values are to be read as it says', fix: 'correct the file', cause })
  }
}
