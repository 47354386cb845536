import { SluiceError } from '../../../core/errors.ts'
import { crc32 } from '../../../kernels/crc.ts'

/* The frame of an image, docs/image.md:
     0  8  89 'S' 'L' 'U' 'I' 'C' 'E' 0A
     8  4  version
    12  4  CRC-32 of all bytes from 16 on
    16  8  bytes of the file
    24  4  bytes of the header
    28  4  0
    32     the header, JSON in UTF-8, then zeros up to a multiple of 64; then the arrays, each at a multiple of 64, with zeros between them */
const ALIGN = 64
const MAGIC = [0x89, 0x53, 0x4c, 0x55, 0x49, 0x43, 0x45, 0x0a], VERSION = 1, HEADER_AT = 32
export const aligned = (at: number): number => Math.ceil(at / ALIGN) * ALIGN

export const isImage = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte)

/** Header and where the arrays begin. The bytes begin at a multiple of 8 in their memory: they are copied where they do not.
    @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export function unframe(file: string, given: Uint8Array): { readonly bytes: Uint8Array; readonly header: string; readonly arraysAt: number } {
  const broken = (what: string, at: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at })
  if (!isImage(given) || given.length < HEADER_AT) throw broken('the image is cut off', 'frame')
  const bytes = given.byteOffset % 8 === 0 ? given : given.slice()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), version = view.getUint32(8, true)
  if (version !== VERSION) {
    throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: images of version ${version} are not known`, { at: 'frame', why: `this Sluice reads version ${VERSION}`, fix: 'convert the model again, or use the Sluice that wrote it' })
  }
  const length = view.getUint32(16, true) + view.getUint32(20, true) * 2 ** 32
  if (length !== bytes.length) throw broken(`${bytes.length} bytes where ${length} belong`, 'frame')
  if (crc32(bytes, 16, bytes.length) !== view.getUint32(12, true)) throw broken('the checksum does not fit', 'frame')
  const headerLength = view.getUint32(24, true), arraysAt = aligned(HEADER_AT + headerLength)
  if (view.getUint32(28, true) !== 0) throw broken('bytes that must be 0 are not', 'frame')
  if (arraysAt > bytes.length) throw broken(`a header of ${headerLength} bytes in a file of ${bytes.length}`, 'frame')
  try {
    return { bytes, header: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(HEADER_AT, HEADER_AT + headerLength)), arraysAt }
  } catch { throw broken('the header is not UTF-8', 'header') }
}

/** `put` copies the arrays into the bytes, which it is given from where the arrays begin. */
export function frame(header: string, arraysLength: number, put: (into: Uint8Array) => void): Uint8Array {
  const text = new TextEncoder().encode(header), arraysAt = aligned(HEADER_AT + text.length)
  const bytes = new Uint8Array(arraysAt + arraysLength), view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(8, VERSION, true)
  view.setUint32(16, bytes.length >>> 0, true)
  view.setUint32(20, Math.floor(bytes.length / 2 ** 32), true)
  view.setUint32(24, text.length, true)
  bytes.set(text, HEADER_AT)
  put(bytes.subarray(arraysAt))
  view.setUint32(12, crc32(bytes, 16, bytes.length), true)
  return bytes
}
