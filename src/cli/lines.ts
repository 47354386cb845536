import { createReadStream } from 'node:fs'
import { fileError } from '../connect/file/errors.ts'

/** The lines of a file without their line feeds, as bytes; holds one line and one read in memory. */
export async function* linesOf(path: string): AsyncGenerator<Buffer> {
  const begun: Buffer[] = []
  try {
    for await (const read of createReadStream(path) as AsyncIterable<Buffer>) {
      let at = 0
      for (let feed = read.indexOf(10); feed >= 0; feed = read.indexOf(10, at)) {
        begun.push(read.subarray(at, feed))
        yield begun.length === 1 ? begun[0]! : Buffer.concat(begun)
        begun.length = 0
        at = feed + 1
      }
      if (at < read.length) begun.push(read.subarray(at))
    }
  } catch (error) { throw fileError(error, 'reading', path, 'SLUICE_SOURCE_FAILED') }
  if (begun.length > 0) yield Buffer.concat(begun)
}
