// A process that is killed in the middle of a transaction.
import { numbered } from './topics.ts'
import { openUnits } from './units.ts'

const [brokers, id, group, topic] = process.argv.slice(2) as [string, string, string, string]
const { write, commit } = await openUnits({ brokers, id, group, topics: [topic] })
await write(0, numbered('committed', 10))
await commit(10)
await write(0, numbered('open', 10))
console.log('open')
setInterval(() => {}, 1_000)
