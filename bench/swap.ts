/** What exchanging models costs those who go on: taking and releasing a lease for each batch, and how long the event loop stands still while a
    version is loaded.
      node bench/swap.ts */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { one, Swap } from '../src/control/index.ts'
import type { Predictor } from '../src/core/index.ts'
import { systemClock } from '../src/flow/clock.ts'
import { read, readInThread, type Read } from '../src/strategies/embedded/read.ts'
import { openVersion, type Loaded } from '../src/strategies/embedded/version.ts'
import { forest } from '../test/support/xgboost.ts'

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads`)

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
const line = (name: string, values: readonly number[], unit: string): void => {
  const sorted = [...values].sort((a, b) => a - b)
  console.log(`${name.padEnd(44)} median ${quantile(sorted, 0.5).toFixed(1)} ${unit}  (min ${sorted[0]!.toFixed(1)}, p90 ${quantile(sorted, 0.9).toFixed(1)}, max ${sorted.at(-1)!.toFixed(1)})`)
}

function leases(): void {
  const predictor: Predictor = { signature: { inputs: [], outputs: [] }, predict() { throw new Error('not asked') }, async close() {} }
  const swap = new Swap({ router: one({ name: 'delay', version: '1' }, 1), predictors: [predictor] })
  const count = 2_000_000, ns: number[] = []
  for (let run = 0; run < 21; run++) {
    const start = performance.now()
    for (let i = 0; i < count; i++) {
      const held = swap.take()
      if (held.predictors.length !== 1) throw new Error('no predictor')
      held.release()
    }
    if (run > 0) ns.push((performance.now() - start) * 1e6 / count)
  }
  line('take and release, a batch', ns, 'ns')
}

async function loading(trees: number, depth: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    const path = join(folder, 'model.json')
    await writeFile(path, forest({ trees, depth, width: 20 }))
    const pauses = { 'read here': [] as number[], 'read in a thread': [] as number[], 'open and warm': [] as number[] }, took = structuredClone(pauses)
    let found: Read | undefined
    for (let run = 0; run < 11; run++) {
      const steps: readonly (() => Promise<Read | Loaded>)[] = [() => read(path, {}), () => readInThread(path, {}), () => openVersion({ path, version: String(run) }, found!, { name: 'bench', executors: 1 }, systemClock)]
      for (const [i, step] of steps.entries()) {
        await sleep(50)
        const pause = pauseOf(), start = performance.now()
        const got = await step()
        if ('predictor' in got) await got.predictor.close()
        else found = got
        const name = Object.keys(pauses)[i] as keyof typeof pauses
        if (run > 0) { took[name].push(performance.now() - start); pauses[name].push(await pause()) } else await pause()
      }
    }
    console.log(`${trees} trees of depth ${depth}: ${(found!.bytesOnDisk / 1e6).toFixed(1)} MB on disk, ${(found!.model.bytes / 1e6).toFixed(1)} MB in memory`)
    for (const [name, values] of Object.entries(pauses)) line(`  ${name}: longest pause`, values, 'ms')
    for (const [name, values] of Object.entries(took)) line(`  ${name}: in all`, values, 'ms')
  } finally { await rm(folder, { recursive: true }) }
}

/** The longest gap between two turns of the event loop until the function returned is called. */
function pauseOf(): () => Promise<number> {
  let last = performance.now(), longest = 0, over = false
  const ended = (async () => {
    while (!over) {
      await turn()
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
  })()
  return async () => {
    over = true
    await ended
    return longest
  }
}

leases()
await loading(100, 6)
await loading(1000, 6)
await loading(1000, 8)
