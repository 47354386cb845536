type Field = readonly [id: number, value: number | string | readonly Value[] | Fields]
interface Fields { readonly struct: readonly Field[] }
type Value = number | string | Fields
const struct = (...fields: Field[]): Fields => ({ struct: fields })

const I32 = 5, BINARY = 8, LIST = 9, STRUCT = 12
const typeOf = (value: Field[1]): number => typeof value === 'number' ? I32 : typeof value === 'string' ? BINARY : Array.isArray(value) ? LIST : STRUCT

/** Thrift's compact protocol, as far as it is needed here: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
function thrift(value: Field[1]): Buffer {
  if (typeof value === 'number') return varint(value * 2)
  if (typeof value === 'string') return Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)])
  if ('struct' in value) {
    let last = 0
    return Buffer.concat([...value.struct.flatMap(([id, field]) => {
      const header = Buffer.of((id - last) << 4 | typeOf(field))
      last = id
      return [header, thrift(field)]
    }), Buffer.of(0)])
  }
  return Buffer.concat([Buffer.of(0xf0 | typeOf(value[0] ?? 0)), varint(value.length), ...value.map(thrift)])
}
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128)
  return Buffer.of(...bytes, rest)
}

/** A Parquet file of columns without nulls: numbers as INT32, texts as UTF8; plain, not compressed. */
export function parquetOf(columns: Readonly<{ [name: string]: readonly number[] | readonly string[] }>, groupRows = 30): Buffer {
  const names = Object.keys(columns), rows = columns[names[0]!]!.length
  const parts: Buffer[] = [Buffer.from('PAR1')]
  let at = 4
  const groups: Fields[] = []
  for (let start = 0; start < rows; start += groupRows) {
    const chunks = names.map(name => {
      const values: readonly (number | string)[] = columns[name]!.slice(start, start + groupRows)
      const isText = typeof values[0] === 'string'
      const data = Buffer.concat(values.map(value => {
        if (typeof value === 'number') { const bytes = Buffer.alloc(4); bytes.writeInt32LE(value); return bytes }
        const text = Buffer.from(value), length = Buffer.alloc(4)
        length.writeUInt32LE(text.length)
        return Buffer.concat([length, text])
      }))
      const page = Buffer.concat([thrift(struct([1, 0], [2, data.length], [3, data.length], [5, struct([1, values.length], [2, 0], [3, 3], [4, 3])])), data])
      const meta = struct([1, isText ? 6 : 1], [2, [0]], [3, [name]], [4, 0], [5, values.length], [6, page.length], [7, page.length], [9, at])
      parts.push(page)
      at += page.length
      return struct([2, at], [3, meta])
    })
    groups.push(struct([1, chunks], [2, 0], [3, Math.min(groupRows, rows - start)]))
  }
  const schema = [struct([4, 'root'], [5, names.length]), ...names.map(name => typeof columns[name]![0] === 'string'
    ? struct([1, 6], [3, 0], [4, name], [6, 0]) : struct([1, 1], [3, 0], [4, name]))]
  const footer = thrift(struct([1, 1], [2, schema], [3, rows], [4, groups]))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([...parts, footer, length, Buffer.from('PAR1')])
}
