/** Copies the lines of a file to two others, exactly once, until it is killed: `node files-copy.ts FOLDER PER_SECOND`. Every tenth record
    goes to the second one. Now and then it fails, aborts and reads again, as the loop does. */
import { join } from 'node:path'
import { Packer } from '../../src/codecs/pack.ts'
import { testContext } from '../../src/conformance/index.ts'
import { openFileSink, openFileSource } from '../../src/connect/file/index.ts'
import type { Position, RecordBatch, Records } from '../../src/core/index.ts'

const [folder, perSecond] = process.argv.slice(2) as [string, string]
const context = testContext()
const source = await openFileSource({ path: join(folder, 'in*.ndjson'), batchRows: 300, batchBytes: 16_384, ratePerSecond: Number(perSecond) }, context)
const sinks = [await openFileSink({ path: join(folder, 'out.ndjson') }, context), await openFileSink({ path: join(folder, 'tenth.records') }, context)] as const
const delivery = (await sinks[0].delivery!(source, sinks))!
process.stdout.write('copying\n')

for (let ended = false; !ended;) {
  const stop = new AbortController()
  const done = new Map<string, bigint>()
  const writes: Promise<unknown>[] = []
  let batches = 0, failed = false
  for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, stop.signal)) {
    const [most, tenth] = split(batch)
    writes.push(delivery.write(sinks[0], most), delivery.write(sinks[1], tenth))
    batch.release()
    done.set(batch.partition, batch.next)
    if (++batches % 4 === 0) {
      failed = Math.random() < 0.1
      if (failed) break
      await commit()
    }
  }
  if (failed) {
    stop.abort()
    await Promise.all([delivery.abort(), ...writes])
  } else {
    await commit()
    ended = true
  }
  async function commit(): Promise<void> {
    await Promise.all(writes.splice(0))
    await delivery.commit([...done].map(([partition, offset]): Position => ({ partition, offset })))
  }
}
await delivery.close()
for (const part of [...sinks, source]) await part.close()

function split(batch: RecordBatch): [Records, Records] {
  const packers = [new Packer(batch.rows, batch.bytes.length), new Packer(batch.rows, 64)] as const
  for (let row = 0; row < batch.rows; row++) {
    const start = batch.values.start[row]!, end = batch.values.end[row]!
    const packer = packers[batch.bytes[end - 2] === 48 ? 1 : 0]        // `...0}`
    packer.row(0)
    const at = packer.length
    packer.append(batch.bytes, start, end)
    packer.setValue(at)
  }
  return [packers[0].finish(), packers[1].finish()]
}
