// Writes 200 MB to a broker that does not answer, and says by how many MiB it has grown; then, when it is told so, until all has landed.
import { testContext } from '../../src/conformance/context.ts'
import { openKafkaSink } from '../../src/connect/kafka/sink.ts'
import { linesOf } from './topics.ts'

const [brokers, topic] = process.argv.slice(2) as [string, string]
const sink = await openKafkaSink({ brokers, topic }, testContext())
const records = linesOf(Array.from({ length: 1_000 }, (_, i) => ({ key: `k${i}`, value: 'x'.repeat(1_000) })))
await sink.write(records)
process.send!('ready')
await new Promise(resolve => { process.once('message', resolve) })
const before = process.memoryUsage().rss
const writes = Array.from({ length: 200 }, () => sink.write(records))
let most = 0
const watching = setInterval(() => { most = Math.max(most, process.memoryUsage().rss - before) }, 20)
setTimeout(() => process.send!(most / 2 ** 20), 2_000)
await Promise.all(writes)
clearInterval(watching)
await sink.close()
process.disconnect()
