import { crc32, deflateRawSync } from 'node:zlib'

/** One file of an archive; what is named beside its content stands in the headers in the place of the truth. */
export interface Packed {
  readonly name: string
  readonly content: Uint8Array
  readonly stored?: boolean
  readonly size?: number
  readonly crc?: number
  readonly method?: number
  readonly flags?: number
  /** The mode of Unix. */
  readonly mode?: number
  readonly localName?: string
  /** Where its data is said to be. */
  readonly offset?: number
}

/** A zip archive, also one that lies. */
export function zipOf(files: readonly Packed[], comment = ''): Uint8Array {
  const parts: Buffer[] = [], directory: Buffer[] = []
  let at = 0
  for (const { name, content, stored = false, size = content.length, crc = crc32(content), method = stored ? 0 : 8, flags = 0x800, mode = 0, localName = name, offset = at } of files) {
    const data = stored ? Buffer.from(content) : deflateRawSync(content)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    for (const [value, place] of [[20, 4], [flags, 6], [method, 8], [Buffer.byteLength(localName), 26]] as const) local.writeUInt16LE(value, place)
    for (const [value, place] of [[crc, 14], [data.length, 18], [size, 22]] as const) local.writeUInt32LE(value, place)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    for (const [value, place] of [[0x0314, 4], [20, 6], [flags, 8], [method, 10], [Buffer.byteLength(name), 28]] as const) central.writeUInt16LE(value, place)
    for (const [value, place] of [[crc, 16], [data.length, 20], [size, 24], [mode * 65536, 38], [offset, 42]] as const) central.writeUInt32LE(value, place)
    parts.push(local, Buffer.from(localName), data)
    directory.push(central, Buffer.from(name))
    at += 30 + Buffer.byteLength(localName) + data.length
  }
  const end = Buffer.alloc(22), entries = Buffer.concat(directory)
  end.writeUInt32LE(0x06054b50, 0)
  for (const [value, place] of [[files.length, 8], [files.length, 10], [Buffer.byteLength(comment), 20]] as const) end.writeUInt16LE(value, place)
  end.writeUInt32LE(entries.length, 12)
  end.writeUInt32LE(at, 16)
  return new Uint8Array(Buffer.concat([...parts, entries, end, Buffer.from(comment)]))
}
