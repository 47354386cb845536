import { Worker } from 'node:worker_threads'
import type { Clock, Log, Model, ModelRef, Tensor, TensorBatch } from '../core/index.ts'
import { WireError } from '../wire/tensors.ts'

/** What a thread is told. `opening`: the model, the first time that this thread runs it. */
export type Order =
  | { readonly kind: 'run'; readonly id: number; readonly model: number; readonly opening?: { readonly model: Model; readonly ref: ModelRef }; readonly rows: number; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'forget'; readonly model: number }
export interface Ran { readonly tensors: ReadonlyMap<string, Tensor>; readonly rejected: readonly { readonly row: number; readonly message: string }[] }
export type Answer = { readonly id: number } & (Ran | { readonly failed: string })

/** A model that threads may be asked to run; arrays of large ones lie in memory that all threads share. */
export interface Runnable { readonly key: number; readonly model: Model; readonly ref: ModelRef }

export interface PoolOptions { readonly least: number; readonly most: number }

interface Job { readonly runnable: Runnable; readonly features: TensorBatch; readonly since: number; tries: number; resolve(ran: Ran): void; reject(error: WireError): void }
interface Member { readonly thread: Worker; readonly knows: Set<number>; job: Job | undefined; idleSince: number }

/** A second waiting in vain asks for one more thread, half a minute without work for one less. */
const GROW_MS = 20, SHRINK_MS = 30_000

/** Threads that run batches, one at a time each. One that dies is replaced, and what it was running is tried once more by another: then the batch itself is the likely cause. */
export class Pool {
  readonly #options: PoolOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #members: Member[] = []
  readonly #jobs: Job[] = []
  #next = 0
  #closed = false

  constructor(options: PoolOptions, clock: Clock, log: Log) {
    this.#options = options
    this.#clock = clock
    this.#log = log
    for (let i = 0; i < options.least; i++) this.#hire()
  }

  get size(): number { return this.#members.length }

  /** Takes the features; they may be moved to the thread. @throws WireError internal, unavailable */
  run(runnable: Runnable, features: TensorBatch): Promise<Ran> {
    if (this.#closed) return Promise.reject(new WireError('unavailable', 'the server is stopping'))
    return new Promise((resolve, reject) => {
      this.#jobs.push({ runnable, features, since: this.#clock.nowMs(), tries: 0, resolve, reject })
      this.#give()
    })
  }

  forget({ key }: Runnable): void {
    for (const { thread, knows } of this.#members) if (knows.delete(key)) thread.postMessage({ kind: 'forget', model: key } satisfies Order)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const job of this.#jobs.splice(0)) job.reject(new WireError('unavailable', 'the server is stopping'))
    await Promise.all(this.#members.splice(0).map(({ thread }) => thread.terminate()))
  }

  #give(): void {
    const now = this.#clock.nowMs()
    while (this.#jobs.length > 0) {
      const idle = this.#members.find(member => member.job === undefined)
      if (idle !== undefined) { this.#assign(idle, this.#jobs.shift()!); continue }
      if (this.#members.length < this.#options.most && now - this.#jobs[0]!.since >= GROW_MS) { this.#hire(); continue }
      break
    }
    // who has had nothing to do for long goes
    const late = this.#members.findIndex(({ job, idleSince }) => job === undefined && now - idleSince > SHRINK_MS)
    if (late >= 0 && this.#members.length > this.#options.least) void this.#members.splice(late, 1)[0]!.thread.terminate()
  }

  #assign(member: Member, job: Job): void {
    const { runnable: { key, model, ref }, features: { rows, tensors } } = job, known = member.knows.has(key)
    member.job = job
    member.knows.add(key)
    member.thread.postMessage({ kind: 'run', id: this.#next++, model: key, rows, tensors, ...known ? {} : { opening: { model, ref } } } satisfies Order)
  }

  #hire(): void {
    // the same file, as it runs here: .ts in the repository, .js when built
    const thread = new Worker(new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url))
    const member: Member = { thread, knows: new Set(), job: undefined, idleSince: this.#clock.nowMs() }
    this.#members.push(member)
    thread.unref()
    let cause: Error | undefined
    thread.on('message', (answer: Answer) => {
      const { job } = member
      member.job = undefined
      member.idleSince = this.#clock.nowMs()
      if ('failed' in answer) job?.reject(new WireError('internal', answer.failed))
      else job?.resolve(answer)
      this.#give()
    })
    thread.on('error', error => { cause = error })
    thread.on('exit', code => {
      const at = this.#members.indexOf(member)
      if (at < 0) return
      this.#members.splice(at, 1)
      this.#log.write('error', 'a thread that runs models ended; another takes its place', { code, error: cause })
      const { job } = member
      if (job !== undefined && job.tries++ === 0) this.#jobs.unshift(job)
      else job?.reject(new WireError('internal', `the model ended its thread twice: ${cause?.message ?? `code ${code}`}`))
      if (this.#members.length < Math.max(1, this.#options.least)) this.#hire()
      this.#give()
    })
  }
}
