/** CRC-32C (Castagnoli) of bytes[start, end), as an unsigned number. */
export function crc32c(_bytes: Uint8Array, _start: number, _end: number): number { throw new Error('not written yet') }
