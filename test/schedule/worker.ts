// Seeds in a thread of their own, so that somebody outside can see one that never comes back: node test/schedule/worker.ts [FIRST] [COUNT]
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { noTally, schedule } from './schedule.ts'

/** What the thread is given: `at` holds the seed that runs now. */
export interface Seeds { readonly first: number; readonly count: number; readonly at: Int32Array; readonly spinAt?: number }
export interface Outcome { readonly tally: ReturnType<typeof noTally>; readonly failures: readonly string[] }

async function seeds({ first, count, at, spinAt }: Seeds): Promise<Outcome> {
  const tally = noTally(), failures: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    Atomics.store(at, 0, seed)
    if (seed === spinAt) await new Promise(() => { const spin = (): void => { void Promise.resolve().then(spin) }; spin() })
    try { await schedule(seed, tally) } catch (error) { failures.push((error as Error).message) }
  }
  return { tally, failures }
}

if (!isMainThread) parentPort!.postMessage(await seeds(workerData as Seeds))
else if (import.meta.main) {
  const began = performance.now()
  const { tally, failures } = await seeds({ first: Number(process.argv[2] ?? 1), count: Number(process.argv[3] ?? 1000), at: new Int32Array(1) })
  for (const failure of failures.slice(0, 12)) console.log(failure.slice(0, 900))
  console.log({ ...tally, failed: failures.length, seconds: Math.round(performance.now() - began) / 1000 })
  process.exitCode = failures.length > 0 ? 1 : 0
}
