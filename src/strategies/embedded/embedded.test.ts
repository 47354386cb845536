import { test, type TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stump, type Stump } from '../../../test/support/xgboost.ts'
import type { Clock, Labels, LogLevel, Serving, TensorBatch } from '../../core/index.ts'
import { embedded, inspectModel, type EmbeddedOptions } from './index.ts'
import { read } from './read.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-embedded-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}
async function write(path: string, content: Stump | string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : stump(content))
}

/** Time stands still until `look`: then the watcher looks once, and does what follows from it. */
function steps() {
  let wake = (): void => {}, asleep = Promise.withResolvers<void>()
  const clock: Clock = {
    nowMs: () => Date.now() + 60_000,                 // files written just now are old
    sleep: (ms, signal) => new Promise(resolve => {
      if (signal?.aborted === true) resolve()
      else if (ms === 0) setImmediate(resolve)
      else {
        wake = resolve
        signal?.addEventListener('abort', () => resolve())
        asleep.resolve()
      }
    }),
  }
  async function look(times = 1): Promise<void> {
    while (times-- > 0) {
      await asleep.promise
      asleep = Promise.withResolvers()
      wake()
      await asleep.promise
    }
  }
  return { clock, look }
}

function contextOf(t: TestContext) {
  const { clock, look } = steps()
  const stop = new AbortController()
  t.after(() => stop.abort())
  const lines: { level: LogLevel; text: string; fields: object }[] = []
  const recorded = new Map<string, number | undefined>()
  const put = (name: string, value: number | undefined, labels: Labels = {}): void => { recorded.set(`${name}{${Object.values(labels).join()}}`, value) }
  return {
    look, stop, lines, recorded,
    logged: (level: LogLevel) => lines.filter(line => line.level === level).map(({ text }) => text),
    context: {
      clock, signal: stop.signal, executors: 1,
      log: { write: (level: LogLevel, text: string, fields: object = {}) => { lines.push({ level, text, fields }) } },
      metrics: {
        count: (name: string, by: number, labels: Labels = {}) => put(name, (recorded.get(`${name}{${Object.values(labels).join()}}`) ?? 0) + by, labels),
        gauge: put, observe() {},
      },
    },
  }
}

async function answer(serving: Serving, ...row: number[]): Promise<{ value: number; version: string }> {
  const predictor = serving.predictors[0]!
  const features: TensorBatch = { rows: 1, tensors: new Map([['features', { dtype: 'float32', shape: [1, row.length], data: Float32Array.from(row) }]]), release() {} }
  const { outputs, models } = await predictor.predict(features, undefined, new AbortController().signal)
  const value = (outputs.tensors.get('prediction')!.data as Float32Array)[0]!
  outputs.release()
  assert.deepEqual(models, [serving.router.routes[0]!.answer])
  return { value, version: models[0]!.version }
}
async function ask(from: { take(): Serving }, ...row: number[]): Promise<{ value: number; version: string }> {
  const serving = from.take()
  try { return await answer(serving, ...row) } finally { serving.release() }
}
const code = (code: string) => (error: Error): boolean => { assert.equal((error as { code?: string }).code, code, String(error.stack)); return true }

test('a new version answers the batches that follow, the old one those that hold it', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '9/model.json'), { left: 9 })
  const { context, look, recorded, logged } = contextOf(t)
  const model = await embedded({ model: path }, context)
  assert.deepEqual(await ask(model, 50), { value: 9, version: '9' })
  const held = model.take()
  await write(join(path, '10/model.json'), { left: 10 })
  await look(2)
  assert.deepEqual(await ask(model, 50), { value: 10, version: '10' })
  assert.deepEqual(await answer(held, 50), { value: 9, version: '9' })
  held.release()
  assert.equal(model.version.ref.version, '10')
  assert.equal(recorded.get('sluice_model_swaps_total{delay}'), 1)
  assert.deepEqual([...recorded].filter(([name]) => name.startsWith('sluice_model_info{delay,')).map(([name, value]) => [name.split(',')[1], value]), [['9', undefined], ['10', 1]])
  assert.deepEqual(logged('info'), ["model 'delay': version '9' serves", "model 'delay': version '10' serves after '9'"])
  await model.close()
})

test('a broken version is logged once and passed by, and taken when it is mended', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  const { context, look, recorded, logged } = contextOf(t)
  const model = await embedded({ model: path }, context)
  const whole = stump({ left: 2 })
  await write(join(path, '2/model.json'), whole.slice(0, -200))
  await look(5)
  assert.deepEqual(await ask(model, 50), { value: 1, version: '1' })
  assert.deepEqual(logged('error'), ["model 'delay': version '2' is refused"])
  assert.equal(recorded.get('sluice_model_refused_total{delay,SLUICE_MODEL_BROKEN}'), 1)
  await appendFile(join(path, '2/model.json'), whole.slice(-200))
  await look(2)
  assert.deepEqual(await ask(model, 50), { value: 2, version: '2' })
  await model.close()
})

test('a version with other features is refused, whatever it would answer; the next one that fits is taken', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { features: ['distance', 'hour'], left: 1 })
  const { context, look, recorded, lines } = contextOf(t)
  const model = await embedded({ model: path }, context)
  await write(join(path, '2/model.json'), { features: ['distance', 'minute'], left: 2 })
  await write(join(path, '3/model.json'), { features: ['distance', 'hour'], left: 3, objective: 'binary:logistic', base: 0.5 })
  await look(4)
  assert.equal((await ask(model, 50, 0)).version, '1')
  assert.equal(recorded.get('sluice_model_refused_total{delay,SLUICE_MODEL_MISMATCH}'), 2)
  assert.deepEqual(lines.filter(({ level }) => level === 'error').map(({ fields }) => (fields as { error: Error }).error.message), [
    "model 'delay' version '3' does not fit the pipeline: output 'label' is new", "model 'delay' version '2' does not fit the pipeline: feature 'minute' is new",
  ])
  await write(join(path, '4/model.json'), { features: ['hour', 'distance'], asks: 1, left: 4 })
  await look(2)
  assert.deepEqual(await ask(model, 0, 50), { value: 4, version: '4' })
  await model.close()
})

test('a model above the memory allowed is refused before the first record, and a version above it later', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { trees: 2 })
  const { context, look, recorded } = contextOf(t)
  const { model: { bytes } } = await read(join(path, '1'), {}), { bytesInMemory } = await inspectModel(path)
  assert.ok(bytesInMemory > bytes)
  await assert.rejects(embedded({ model: path, version: '1', modelBytesMax: bytes - 1 }, context), code('SLUICE_MODEL_TOO_LARGE'))
  await assert.rejects(embedded({ model: path, version: '1', modelBytesMax: bytes }, { ...context, executors: 2 }), code('SLUICE_MODEL_TOO_LARGE'))
  // laid out for kernels only where there is room for that, too
  for (const [modelBytesMax, evaluator] of [[bytesInMemory, 'compiled'], [bytesInMemory - 1, 'plain']] as const) {
    const within = await embedded({ model: path, version: '1', modelBytesMax }, context)
    assert.equal(within.version.evaluator, evaluator)
    await within.close()
  }
  const model = await embedded({ model: path, modelBytesMax: bytes }, context)
  await write(join(path, '2/model.json'), { trees: 200 })
  await look(2)
  assert.equal(model.version.ref.version, '1')
  assert.equal(recorded.get('sluice_model_refused_total{delay,SLUICE_MODEL_TOO_LARGE}'), 1)
  await model.close()
})

test('at the start the highest version that can be read serves; when none can, the first reason is told', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  await write(join(path, '2/model.json'), '{"learner"')
  await mkdir(join(path, '3'))
  const { context, logged } = contextOf(t)
  const model = await embedded({ model: path, watch: false }, context)
  assert.equal((await ask(model, 50)).version, '1')
  assert.deepEqual(logged('error'), ["model 'delay': version '2' is refused"])
  await model.close()
  await write(join(path, '1/model.json'), stump().slice(0, -9))
  await assert.rejects(embedded({ model: path }, context), code('SLUICE_MODEL_BROKEN'))
})

test('a pinned version serves to the end, and nothing else will do', async t => {
  const path = join(await folder(t), 'delay')
  for (const version of ['1', '2', '3']) await write(join(path, version, 'model.json'), { left: Number(version) })
  const { context } = contextOf(t)
  const model = await embedded({ model: path, version: '2' }, context)
  assert.deepEqual(await ask(model, 50), { value: 2, version: '2' })
  await model.close()
  await assert.rejects(embedded({ model: path, version: '4' }, context), code('SLUICE_MODEL_MISSING'))
  const file = join(path, '3/model.json')
  const { version } = await inspectModel(file)
  await (await embedded({ model: file, version }, context)).close()
  await assert.rejects(embedded({ model: file, version: '000000000000' }, context), code('SLUICE_MODEL_MISSING'))
})

test('a place without a model is named', async t => {
  const path = await folder(t)
  const { context } = contextOf(t)
  await assert.rejects(embedded({ model: join(path, 'none.json') }, context), code('SLUICE_MODEL_MISSING'))
  await assert.rejects(embedded({ model: path }, context), code('SLUICE_MODEL_MISSING'))
  await write(join(path, 'notes.md'), 'nothing to see')
  await assert.rejects(embedded({ model: path }, context), code('SLUICE_MODEL_UNKNOWN'))
  await assert.rejects(embedded({ model: join(path, 'notes.md') }, context), code('SLUICE_MODEL_UNKNOWN'))
})

test('a file replaced is a new version named by its digest; written anew with the same content it is not', async t => {
  const path = join(await folder(t), 'delay.json')
  await write(path, { left: 1 })
  const { context, look, recorded } = contextOf(t)
  const model = await embedded({ model: path }, context)
  const first = await ask(model, 50)
  assert.match(first.version, /^[0-9a-f]{12}$/)
  assert.equal(model.version.ref.name, 'delay')
  await utimes(path, new Date(), new Date())
  await look(4)
  assert.equal(recorded.has('sluice_model_swaps_total{delay}'), false)
  await write(`${path}.tmp`, { left: 2 })
  await rename(`${path}.tmp`, path)
  await look(2)
  const second = await ask(model, 50)
  assert.equal(second.value, 2)
  assert.notEqual(second.version, first.version)
  assert.equal(recorded.get('sluice_model_swaps_total{delay}'), 1)
  await model.close()
})

test('a folder with a model directly in it is a bundle, one with a folder for each version a repository', async t => {
  const path = await folder(t)
  await write(join(path, 'bundle/model.json'), { left: 1 })
  await write(join(path, 'repository/1/model.json'), { left: 1 })
  await write(join(path, 'repository/README.md'), 'one folder for each version')
  const bundle = await inspectModel(join(path, 'bundle')), repository = await inspectModel(join(path, 'repository')), file = await inspectModel(join(path, 'bundle/model.json'))
  assert.deepEqual([bundle.kind, bundle.name, bundle.version], ['bundle', 'bundle', file.digest])
  assert.deepEqual([repository.kind, repository.name, repository.version, repository.digest], ['repository', 'repository', '1', file.digest])
  assert.deepEqual(repository.versions.map(({ version, bytesOnDisk }) => [version, bytesOnDisk]), [['1', file.bytesOnDisk]])
  assert.deepEqual([file.kind, file.name, file.versions], ['file', 'model', []])
  assert.ok(file.bytesInMemory > 0 && file.bytesOnDisk === stump({ left: 1 }).length)
  assert.deepEqual(file.inputs.map(({ name, dtype, columns }) => [name, dtype, columns?.map(column => column.name)]), [['features', 'float32', ['distance']]])
})

test('a folder out of reach is said once, and the version that serves goes on; when it is back it is looked at again', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  const { context, look, logged } = contextOf(t)
  const model = await embedded({ model: path }, context)
  await rename(path, `${path}-away`)
  await look(3)
  assert.deepEqual(logged('warn'), ["model 'delay': cannot look for new versions"])
  assert.equal((await ask(model, 50)).version, '1')
  await write(join(`${path}-away`, '2/model.json'), { left: 2 })
  await rename(`${path}-away`, path)
  await look(2)
  assert.equal((await ask(model, 50)).version, '2')
  await rename(path, `${path}-away`)
  await look(2)
  assert.equal(logged('warn').length, 2)
  await model.close()
})

test('a version that is removed because it was bad gives way to the one before', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  await write(join(path, '2/model.json'), { left: 2 })
  const { context, look } = contextOf(t)
  const model = await embedded({ model: path }, context)
  assert.equal((await ask(model, 50)).version, '2')
  await rm(join(path, '2'), { recursive: true })
  await look(2)
  assert.deepEqual(await ask(model, 50), { value: 1, version: '1' })
  await model.close()
})

test('a pipeline that stops drains with what serves: no version is taken any more', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  const { context, stop } = contextOf(t)
  const model = await embedded({ model: path }, context)
  const held = model.take()
  stop.abort()
  assert.equal((await ask(model, 50)).version, '1')
  const closing = model.close()
  assert.equal((await answer(held, 50)).version, '1')
  held.release()
  await closing
})

test('at the start a version that is still being written is waited for', async t => {
  const path = join(await folder(t), 'delay')
  const whole = stump({ left: 1 })
  await write(join(path, '1/model.json'), whole.slice(0, 100))
  const { context } = contextOf(t)
  const options: EmbeddedOptions = { model: path, watch: false }
  let looks = 0
  const model = await embedded(options, {
    ...context,
    clock: {
      nowMs: Date.now,
      async sleep(ms) {
        if (ms > 0 && ++looks < 3) await appendFile(join(path, '1/model.json'), looks === 1 ? whole.slice(100, 200) : whole.slice(200))
      },
    },
  })
  assert.equal((await ask(model, 50)).value, 1)
  assert.equal(looks, 3)
  await model.close()
})

test('a large version is read in a thread: the same answers, the same refusals', async t => {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  const { context, look, recorded, lines } = contextOf(t)
  const model = await embedded({ model: path }, context)
  const large = stump({ left: 2, trees: 4000 })
  assert.ok(large.length > 1_000_000)
  await write(join(path, '2/model.json'), large.slice(0, -1))
  await look(2)
  assert.equal(recorded.get('sluice_model_refused_total{delay,SLUICE_MODEL_BROKEN}'), 1)
  assert.match((lines.at(-1)!.fields as { error: Error }).error.message, /model\.json/)
  await write(join(path, '3/model.json'), large)
  await look(2)
  assert.deepEqual(await ask(model, 50), { value: 8000, version: '3' })
  const { digest, bytes, model: { facts } } = model.version
  const inspected = await inspectModel(join(path, '3/model.json'))
  assert.deepEqual({ digest, bytes, facts }, { digest: inspected.digest, bytes: inspected.bytesInMemory, facts: inspected.facts })
  await model.close()
})

/** A look at a large version, and what happens while its thread is on its way. */
async function whileRead(t: TestContext, meanwhile: (path: string, stop: AbortController) => Promise<void> | void) {
  const path = join(await folder(t), 'delay')
  await write(join(path, '1/model.json'), { left: 1 })
  const under = contextOf(t)
  const model = await embedded({ model: path }, under.context)
  await write(join(path, '2/model.json'), { left: 2, trees: 4000 })
  await under.look()
  const looked = under.look()
  await sleep(20)
  await meanwhile(join(path, '2'), under.stop)
  return { model, looked, ...under }
}

test('a version written to while it is read is neither taken nor refused, but looked at again', async t => {
  const { model, looked, look, lines } = await whileRead(t, path => appendFile(join(path, 'model.json'), ' '))
  await looked
  assert.equal(model.version.ref.version, '1')
  await look(2)
  assert.deepEqual(await ask(model, 50), { value: 8000, version: '2' })
  assert.deepEqual(lines.filter(({ level }) => level !== 'info'), [])
  await model.close()
})

test('a version removed while it is read is neither taken nor refused', async t => {
  const { model, looked, lines } = await whileRead(t, path => rename(path, join(path, '../.2')))
  await looked
  assert.equal(model.version.ref.version, '1')
  assert.deepEqual(lines.filter(({ level }) => level !== 'info'), [])
  await model.close()
})

test('a version that is read when the pipeline stops does not serve any more', async t => {
  const { model, lines } = await whileRead(t, (_, stop) => stop.abort())
  await model.close()
  assert.equal(model.version.ref.version, '1')
  assert.equal(lines.length, 1)
})
