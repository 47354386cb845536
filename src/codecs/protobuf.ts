import type protobuf from 'protobufjs'
import { SluiceError } from '../core/index.ts'
import type { Packer } from './pack.ts'
import { plainOf } from './protobuf-read.ts'
import { messageOf } from './protobuf-write.ts'

/** A file that another one imports, under the name it is imported by. */
export interface ProtobufImport { readonly name: string; readonly text: string }

/** One message type of a schema. */
export interface ProtobufCodec {
  readonly name: string
  readonly indexes: readonly number[]
  /** @throws SLUICE_SCHEMA_MISMATCH */
  decode(bytes: Uint8Array, start: number, end: number): unknown
  /** Appends. @throws Unfit, Error */
  encode(value: unknown, packer: Packer): void
}
export interface ProtobufSchema {
  /** By its place in the file; undefined: there is none. */
  at(indexes: readonly number[]): ProtobufCodec | undefined
  /** By its name, with its package or without; left out: the first of the file. */
  named(name?: string): ProtobufCodec | undefined
}

/** Reads a `.proto` file and what it imports; Google's well-known types need not be among them. `ignored`: members at the top that may be
    left out when writing. @throws Error that says what is wrong */
export async function openProtobuf(text: string, imports: readonly ProtobufImport[] = [], ignored: readonly string[] = []): Promise<ProtobufSchema> {
  const { default: library } = await import('protobufjs')
  const { root, space } = parseAll(library, text, imports)
  const codecs = new Map<protobuf.Type, ProtobufCodec>()
  const codecOf = (type: protobuf.Type, indexes: readonly number[]): ProtobufCodec => {
    let codec = codecs.get(type)
    if (codec === undefined) codecs.set(type, codec = codecFor(library, type, indexes, ignored))
    return codec
  }
  const inside = (of: protobuf.NamespaceBase, isTop: boolean): protobuf.Type[] =>
    of.nestedArray.filter((each): each is protobuf.Type => each instanceof library.Type && (isTop ? each.filename === MAIN : !('group' in each && each.group === true)))

  function* all(types: readonly protobuf.Type[], before: readonly number[]): Generator<readonly [protobuf.Type, readonly number[]]> {
    for (const [i, type] of types.entries()) {
      yield [type, [...before, i]]
      yield* all(inside(type, false), [...before, i])
    }
  }
  const top = inside(space, true)
  root.resolveAll()
  return {
    at(indexes) {
      let types = top, type: protobuf.Type | undefined
      for (const index of indexes) {
        type = types[index]
        if (type === undefined) return undefined
        types = inside(type, false)
      }
      return type === undefined ? undefined : codecOf(type, indexes)
    },
    named(name) {
      for (const [type, indexes] of all(top, [])) {
        if (name === undefined || type.fullName === `.${name}` || type.name === name) return codecOf(type, indexes)
      }
      return undefined
    },
  }
}

const MAIN = '*main*'
function parseAll(library: typeof protobuf, text: string, imports: readonly ProtobufImport[]): { root: protobuf.Root; space: protobuf.NamespaceBase } {
  const root = new library.Root(), done = new Set<string>(), parser = library.parse as unknown as { filename: string | null }
  const parse = (source: string, filename: string): protobuf.IParserResult => {
    parser.filename = filename
    try {
      const parsed = library.parse(source, root, { keepCase: true })
      for (const name of [...parsed.imports ?? [], ...parsed.weakImports ?? []]) add(name)
      return parsed
    } finally { parser.filename = null }
  }
  const add = (name: string): void => {
    if (done.has(name)) return
    done.add(name)
    const given = imports.find(each => each.name === name), common = library.common.get(name)
    if (given !== undefined) parse(given.text, name)
    else if (common?.nested !== undefined) root.addJSON(common.nested)
    // another file: whatever is used of it will be missed below; of many only options are
  }
  const { package: space } = parse(text, MAIN)
  const at = space === undefined ? root : root.lookup(space)
  if (!(at instanceof library.Namespace)) throw new Error('it declares no message')
  return { root, space: at }
}

function codecFor(library: typeof protobuf, type: protobuf.Type, indexes: readonly number[], ignored: readonly string[]): ProtobufCodec {
  const name = type.fullName.slice(1)
  const plain = plainOf(type, library), message = messageOf(type, library, ignored)
  return {
    name, indexes,
    decode(bytes, start, end) {
      try { return plain(type.decode(library.Reader.create(bytes.subarray(start, end)))) } catch (cause) {
        if (cause instanceof SluiceError) throw cause
        throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `the value is no message '${name}': ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
    },
    encode(value, packer) { packer.append(type.encode(message(value) as { [name: string]: unknown }).finish()) },
  }
}
