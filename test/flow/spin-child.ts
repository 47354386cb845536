// Results of p are handed over, more bytes than call for a commit; p is lost before its write has settled.
import { parentPort } from 'node:worker_threads'
import { batch, HandSource, rig } from './rig.ts'

const source = new HandSource(), slow = Promise.withResolvers<void>()
source.positions = [{ partition: 'p', offset: 0n }, { partition: 'q', offset: 0n }]
const { sink, ended, clock } = rig({ source, options: { commitBytes: 3, commitEveryMs: 60_000 } })
source.give(batch('p', 0, ['1']))
await clock.advance(10)
await source.owner!.revoked(['p'])     // p@1
source.owner!.assigned([{ partition: 'p', offset: 1n }])
sink.writing = () => slow.promise
source.give(batch('p', 1, ['1111']))
await clock.advance(10)
source.owner!.lost(['p'])
slow.resolve()
await clock.advance(10)
source.give(batch('q', 0, ['2']), 'end')
await clock.run(ended)
parentPort!.postMessage(source.commits.join(' '))
