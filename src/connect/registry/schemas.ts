import { avroReader } from '../../codecs/avro-read.ts'
import { parseAvro } from '../../codecs/avro-schema.ts'
import type { AvroType } from '../../codecs/avro-schema.ts'
import { parseObject } from '../../codecs/json.ts'
import { openJsonSchema } from '../../codecs/json-schema.ts'
import { openProtobuf } from '../../codecs/protobuf.ts'
import { readIndexes } from '../../codecs/framing.ts'
import type { Frame } from '../../codecs/framing.ts'
import { SluiceError } from '../../core/index.ts'
import type { Registry, RegistrySchema, SchemaType } from './client.ts'

/** Decodes the payload of a value; `frame` says where what follows the schema's id begins. @throws SLUICE_SCHEMA_MISMATCH */
export interface Payload {
  decode(bytes: Uint8Array, frame: Frame, start: number, end: number): unknown
}

const REFERENCES_MAX = 200

/** What a schema refers to, directly or not, each after what it refers to itself. @throws Error that says what is wrong */
export async function referencesOf(registry: Registry, schema: RegistrySchema, signal: AbortSignal): Promise<{ readonly name: string; readonly text: string }[]> {
  const found: { name: string; text: string }[] = [], asked = new Set<string>()
  const add = async (of: RegistrySchema): Promise<void> => {
    for (const { name, subject, version } of of.references) {
      const key = `${subject} ${version}`
      if (asked.has(key)) continue
      asked.add(key)
      if (asked.size > REFERENCES_MAX) throw new Error(`it refers to more than ${REFERENCES_MAX} schemas`)
      const referred = await registry.version(subject, version, signal)
      if (referred === undefined) throw new Error(`it refers to version ${version} of '${subject}', which the registry does not have`)
      await add(referred)
      found.push({ name, text: referred.text })
    }
  }
  await add(schema)
  return found
}

/** What decodes values of a schema, whose references have been fetched. @throws Error that says what is wrong */
export async function payloadOf({ type, text }: RegistrySchema, references: readonly { readonly name: string; readonly text: string }[], reader: AvroType | undefined): Promise<Payload> {
  switch (type) {
    case 'AVRO': {
      const read = avroReader(parseAvro(text, references.map(reference => reference.text)), reader)
      return { decode: (bytes, _, start, end) => read(bytes, start, end) }
    }
    case 'PROTOBUF': {
      const schema = await openProtobuf(text, references), behind = { at: 0 }
      return {
        decode(bytes, frame, start, end) {
          const indexes = readIndexes(bytes, frame.after, frame.end, behind)
          if (indexes === undefined) throw new SluiceError('SLUICE_SCHEMA_MISMATCH', 'the indexes that say which message it is are broken')
          const codec = schema.at(indexes)
          if (codec === undefined) throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `the schema has no message at [${indexes.join(', ')}]`)
          return codec.decode(bytes, frame.inHeader ? start : behind.at, end)
        },
      }
    }
    case 'JSON': {
      const check = await openJsonSchema(text, references)
      return {
        decode(bytes, _, start, end) {
          const value = parseObject(textIn(bytes, start, end))
          check(value)
          return value
        },
      }
    }
    default: throw new Error(`it is of the type ${String(type)}`)
  }
}

const strict = new TextDecoder('utf-8', { fatal: true })
function textIn(bytes: Uint8Array, start: number, end: number): string {
  try { return strict.decode(bytes.subarray(start, end)) } catch (cause) { throw new SluiceError('SLUICE_UTF8_BROKEN', 'the value is not valid UTF-8', { cause }) }
}

export const titleOf = (type: SchemaType): string => type === 'AVRO' ? 'Avro' : type === 'PROTOBUF' ? 'Protobuf' : 'JSON Schema'
