import { SluiceError } from '../../core/errors.ts'
import type { Files } from '../../core/models.ts'
import { crc32 } from '../../kernels/crc.ts'

/* Zip archives (APPNOTE.TXT 6.3.10 of PKWARE), as far as model files use them: a local header and its data for each file, then the central
   directory (46 bytes and a name a file), then its end record (22 bytes and a comment). Everything about a file is taken from the central
   directory, and the local header has to agree with it: two readers of one archive must not see two models.

   Read: stored and deflated files. Refused by name: encryption, other compressions, zip64, archives of several disks, links; names that lead
   out of the archive. Damage: files that overlap, names that come twice, sizes that are not there, a wrong CRC-32. */

const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50, END64_LOCATOR = 0x07064b50
const END_BYTES = 22, CENTRAL_BYTES = 46, LOCAL_BYTES = 30, COMMENT_MAX = 65535
// text compresses to a tenth; zeros to a thousandth, and no model is made of them alone
const RATIO_MAX = 200, ALWAYS = 2 ** 24

interface Entry {
  readonly name: string
  readonly deflated: boolean
  readonly crc: number
  /** Of the data in the archive, and what is to come out of it. */
  readonly packed: number
  readonly size: number
  readonly from: number
}

/** An archive, an empty one too, begins with a header. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= END_BYTES && bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 && bytes[3] === 4 || bytes[2] === 5 && bytes[3] === 6)

/** The files of an archive, folders left out. Each is inflated when it is read, and never to more than the directory says; all of them
    together hold at most 200 times the archive's bytes (and 16 MiB however small it is). `file` names the archive in errors.
    @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, here and in `read` */
export function zipFiles(file: string, bytes: Uint8Array): Files {
  const entries = entriesOf(file, bytes)
  return {
    names: [...entries.keys()],
    async read(name) {
      const entry = entries.get(name)
      if (entry === undefined) throw broken(file, `the archive has no file '${name}'`, name)
      return contentOf(file, bytes.subarray(entry.from, entry.from + entry.packed), entry)
    },
  }
}

const broken = (file: string, what: string, at: string, cause?: unknown): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at, cause })
const unsupported = (file: string, what: string, at: string, fix: string): SluiceError => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${what}`, { at, fix })
const AGAIN = 'unpack it and make an ordinary zip archive of it, or give the folder itself'

function entriesOf(file: string, bytes: Uint8Array): ReadonlyMap<string, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u16 = (at: number): number => view.getUint16(at, true), u32 = (at: number): number => view.getUint32(at, true)
  const end = endOf(bytes.length, u16, u32)
  if (end < 0) throw broken(file, 'the archive has no end: it is cut off', 'end of the archive')
  const count = u16(end + 10), size = u32(end + 12), start = u32(end + 16), where = 'end of the archive'
  const zip64 = count === 0xffff || size === 0xffffffff || start === 0xffffffff || end >= 20 && u32(end - 20) === END64_LOCATOR
  if (zip64) throw unsupported(file, 'the archive is of the form zip64', where, 'an archive of less than 4 GiB and 65,535 files needs no zip64')
  if (u16(end + 4) !== 0 || u16(end + 6) !== 0 || u16(end + 8) !== count) throw unsupported(file, 'the archive lies on several disks', where, AGAIN)
  if (start + size !== end || count * CENTRAL_BYTES > size) throw broken(file, `a directory of ${size} bytes for ${count} files at byte ${start} does not end at byte ${end}`, where)

  const entries = new Map<string, Entry>(), seen = new Set<string>(), places: { readonly from: number; readonly to: number; readonly name: string }[] = []
  const allowed = Math.max(ALWAYS, bytes.length * RATIO_MAX)
  let total = 0, at = start
  for (let i = 0; i < count; i++) {
    const place = `entry ${i} of the archive`
    if (at + CENTRAL_BYTES > end || u32(at) !== CENTRAL) throw broken(file, `the directory has no entry at byte ${at}`, place)
    const flags = u16(at + 8), method = u16(at + 10), packed = u32(at + 20), inflated = u32(at + 24), header = u32(at + 42)
    const next = at + CENTRAL_BYTES + u16(at + 28) + u16(at + 30) + u16(at + 32)
    if (next > end) throw broken(file, 'an entry is longer than the directory', place)
    const raw = bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + u16(at + 28)), name = nameOf(file, raw, place)
    if (seen.has(name)) throw broken(file, `'${name}' comes twice`, name)
    seen.add(name)
    if ((flags & 0x2041) !== 0) throw unsupported(file, `'${name}' is encrypted`, name, 'save the model without a password')
    if (method !== 0 && method !== 8) throw unsupported(file, `'${name}' is compressed by method ${method}`, name, 'use deflate (method 8), or none')
    if (packed === 0xffffffff || inflated === 0xffffffff || header === 0xffffffff) throw unsupported(file, `'${name}' is of the form zip64`, name, AGAIN)
    if ((u32(at + 38) >>> 16 & 0xf000) === 0xa000) throw unsupported(file, `'${name}' is a link`, name, AGAIN)
    if (u16(at + 34) !== 0) throw unsupported(file, 'the archive lies on several disks', name, AGAIN)
    if (method === 0 && packed !== inflated) throw broken(file, `'${name}' is stored in ${packed} bytes and said to have ${inflated}`, name)
    total += inflated
    if (total > allowed) {
      throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${bytes.length} bytes that unpack to ${total} and more`, { at: name, why: `more than ${RATIO_MAX} times its bytes is taken for an archive that is made to fill the memory`, fix: 'unpack it, if it is trusted, and give the folder' })
    }

    if (header + LOCAL_BYTES > start || u32(header) !== LOCAL) throw broken(file, `the data of '${name}' is not at byte ${header}`, name)
    const data = header + LOCAL_BYTES + u16(header + 26) + u16(header + 28)
    if (data + packed > start) throw broken(file, `'${name}' is longer than the archive`, name)
    // sizes may also follow the data (bit 3), or stand in a field of zip64 that small files have for no reason
    const here = (flags & 8) === 0 && u32(header + 18) !== 0xffffffff
    const agrees = u16(header + 26) === raw.length && raw.every((byte, j) => byte === bytes[header + LOCAL_BYTES + j]) && u16(header + 6) === flags && u16(header + 8) === method
      && (!here || u32(header + 14) === u32(at + 16) && u32(header + 18) === packed && u32(header + 22) === inflated)
    if (!agrees) throw broken(file, `the header of '${name}' says other things than the directory`, name)
    places.push({ from: header, to: data + packed, name })
    if (!name.endsWith('/')) entries.set(name, { name, deflated: method === 8, crc: u32(at + 16), packed, size: inflated, from: data })
    else if (inflated !== 0) throw broken(file, `'${name}' is a folder and has ${inflated} bytes`, name)
    at = next
  }
  if (at !== end) throw broken(file, `${end - at} bytes between the directory and its end`, where)
  places.sort((a, b) => a.from - b.from)
  for (const [i, { from, name }] of places.entries()) if (i > 0 && places[i - 1]!.to > from) throw broken(file, `'${places[i - 1]!.name}' and '${name}' share bytes`, name)
  return entries
}

/** The end record is the last thing in the file: its comment ends where the file does. */
function endOf(length: number, u16: (at: number) => number, u32: (at: number) => number): number {
  for (let at = length - END_BYTES; at >= 0 && at >= length - END_BYTES - COMMENT_MAX; at--) {
    if (u32(at) === END && at + END_BYTES + u16(at + 20) === length) return at
  }
  return -1
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Names of files that were made by nobody's hand can lead anywhere when they are unpacked. Here nothing is, but other readers do. */
function nameOf(file: string, raw: Uint8Array, at: string): string {
  let name: string
  try { name = utf8.decode(raw) } catch { throw unsupported(file, 'a name is not UTF-8', at, AGAIN) }
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..') || /[\\\0]|^[A-Za-z]:/.test(name)) {
    throw unsupported(file, `the name '${name.slice(0, 100)}' leads out of the archive, or is none`, at, 'names in an archive are relative, with / between folders')
  }
  return name
}

async function contentOf(file: string, packed: Uint8Array, { name, deflated, size, crc }: Entry): Promise<Uint8Array> {
  const content = deflated ? await inflate(file, packed, name, size) : packed
  if (crc32(content, 0, content.length) !== crc) throw broken(file, `'${name}' is damaged: it has another CRC-32`, name)
  return content
}

async function inflate(file: string, packed: Uint8Array, name: string, size: number): Promise<Uint8Array> {
  const content = new Uint8Array(size)
  let filled = 0
  try {
    const reader = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (filled + value.length > size) {
        await reader.cancel()
        throw broken(file, `'${name}' is longer than the ${size} bytes that the directory says`, name)
      }
      content.set(value, filled)
      filled += value.length
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    throw broken(file, `'${name}' cannot be inflated: it is damaged`, name, cause)
  }
  if (filled < size) throw broken(file, `'${name}' has ${filled} bytes where the directory says ${size}`, name)
  return content
}
