/** What it takes to open a model: the file it came in, and the portable image of it. CPU ms of one thread (user and system), files in memory.
      node bench/images.ts [trees] [depth] */
import { cpus } from 'node:os'
import { readModel } from '../src/models/index.ts'
import { writeImage } from '../src/models/formats/image/write.ts'
import { forest } from '../test/support/xgboost.ts'
import { oneFile } from '../test/golden/golden.ts'

const [trees = 1000, depth = 8] = process.argv.slice(2).map(Number)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}: ${trees} trees of depth ${depth}, 30 features`)

async function opening(title: string, name: string, bytes: Uint8Array, runs: number): Promise<void> {
  const ms: number[] = []
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    await readModel(oneFile(name, bytes))
    const { user, system } = process.cpuUsage(before)
    ms.push((user + system) / 1000)
  }
  const [first, ...rest] = ms
  rest.sort((a, b) => a - b)
  console.log(`${title.padEnd(16)} ${(bytes.length / 1e6).toFixed(1).padStart(6)} MB: the first time ${first!.toFixed(1).padStart(7)} CPU ms; then median ${rest[rest.length >> 1]!.toFixed(1).padStart(7)} (min ${rest[0]!.toFixed(1)}, max ${rest.at(-1)!.toFixed(1)}), ${runs - 1} runs`)
}

const origin = new TextEncoder().encode(forest({ trees, depth, width: 30 })), model = await readModel(oneFile('model.json', origin))
// the image first: it meets code that has not run yet, as in a process that starts
const { bytes } = await writeImage(model)
await opening('image', 'model.sluice', bytes, 21)
await opening('xgboost .json', 'model.json', origin, 6)
