import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SluiceError } from '../core/index.ts'
import type { Evaluator, Files, Format, Model, ReadOptions, TensorBatch, TensorSpec } from '../core/index.ts'
import { checkSkips } from './suite.ts'
import type { SuiteOptions } from './suite.ts'
import { allRows, answersOf, assertExpected, takeRows } from './tensors.ts'
import type { Answers, Expected } from './tensors.ts'

/** A model of the format, and what it is to answer. */
export interface FormatBed {
  readonly format: Format
  readonly files: Files
  readonly options?: ReadOptions
  /** Files of models of other formats, which it must not take for its own. */
  readonly others: readonly Files[]
  /** Executes what is read. */
  readonly evaluator: Evaluator
  readonly features: TensorBatch
  readonly expected: Expected
  close?(): Promise<void>
}
export type MakeFormat = () => Promise<FormatBed>

/** Every sentence of `Format` and `Model` that can be checked, for formats made anywhere:
    ```ts
    formatSuite('my format', async () => ({ format, files, others: [xgboostFiles], evaluator, features, expected: { outputs: { margin } } }))
    ``` */
export function formatSuite(name: string, make: MakeFormat, options: SuiteOptions = {}): void {
  checkSkips(name, CHECKS, options)
  describe(name, () => {
    for (const [title, check] of Object.entries(CHECKS)) {
      test(title, { skip: options.skips?.[title] ?? false, timeout: 60_000 }, async t => {
        const bed = await make()
        const contents = new Map<string, Uint8Array>()
        for (const name of bed.files.names) contents.set(name, await bed.files.read(name))
        try {
          await check({ bed, contents, skip: reason => { t.skip(reason) }, read: (files = bed.files) => bed.format.read(files, bed.options ?? {}), score: model => score(bed, model) })
        } finally { await bed.close?.() }
      })
    }
  })
}

interface Bench {
  readonly bed: FormatBed
  readonly contents: ReadonlyMap<string, Uint8Array>
  skip(reason: string): void
  read(files?: Files): Promise<Model>
  /** What a model answers for the rows of the bed. */
  score(model: Model): Promise<Answers>
}

const CHECKS: Readonly<{ [title: string]: (bench: Bench) => Promise<void> }> = {
  async 'detects-its-own'({ bed: { format, files } }) {
    assert.equal(await format.detect(files), true)
    assert.equal(await format.detect(files), true)
  },

  async 'content-counts-not-the-name'({ bed: { format }, contents }) {
    const [only] = contents.values()
    if (contents.size === 1) for (const name of ['a', 'model', 'of.another.kind']) assert.equal(await format.detect(filesOf(new Map([[name, only!]]))), true, `as '${name}'`)
    const nothing = new TextEncoder().encode('nothing of that kind')
    assert.equal(await format.detect(filesOf(new Map([...contents.keys()].map(name => [name, nothing])))), false, 'its names with other contents')
  },

  async 'detects-nothing-else'({ bed: { format, others }, contents }) {
    for (const other of others) assert.equal(await format.detect(other), false, other.names.join(', '))
    const random = randomly(1)
    const garbage = [
      new Uint8Array(0), new Uint8Array(1000), new Uint8Array(1000).map(() => random(256)), ...['{', '{}', '[]', 'null', '<', '<?xml version="1.0"?>', 'hello\n', '\n', 'a,b\n1,2\n'].map(text => new TextEncoder().encode(text)),
    ]
    for (const bytes of garbage) for (const name of [...contents.keys(), 'model', 'README.md']) assert.equal(await format.detect(filesOf(new Map([[name, bytes]]))), false, `${bytes.length} bytes as '${name}'`)
    assert.equal(await format.detect(filesOf(new Map())), false, 'an empty folder')
  },

  async 'files-are-not-changed'({ bed: { format, files, options }, contents }) {
    const before = new Map([...contents].map(([name, bytes]) => [name, bytes.slice()]))
    await format.detect(files)
    await format.read(filesOf(contents), options ?? {})
    assert.deepEqual(contents, before)
  },

  async 'answers-as-its-library'({ bed: { expected }, read, score }) {
    assertExpected(await score(await read()), expected)
  },

  async 'read-twice-is-equal'({ read, score }) {
    const [first, second] = [await read(), await read()]
    assert.deepEqual({ ...first }, { ...second })
    assert.deepEqual(await score(first), await score(second))
  },

  async 'signature-can-be-used'({ read }) {
    const { signature: { inputs, outputs }, raw } = await read()
    for (const [what, specs] of [['inputs', inputs], ['outputs', outputs]] as const) {
      assert.ok(specs.length > 0, `it has ${what}`)
      assert.equal(new Set(specs.map(({ name }) => name)).size, specs.length, `the names of ${what} are unique`)
      specs.forEach(checkSpec)
    }
    for (const [column, of] of Object.entries(raw)) {
      const output = outputs.find(({ name }) => name === (typeof of === 'string' ? of : of.output))
      assert.ok(output !== undefined, `raw.${column} is an output`)
      if (typeof of !== 'string') assert.equal(of.columns.length, output.shape[1] ?? 1, `raw.${column} names every number of a row`)
    }
  },

  async 'says-what-it-is'({ bed: { format }, read }) {
    const { format: name, kind, facts, bytes } = await read()
    assert.equal(name, format.name)
    assert.match(format.title, /^.+$/)
    assert.notEqual(kind, '')
    assert.ok(Number.isSafeInteger(bytes) && bytes > 0, `${bytes} bytes in memory`)
    assert.ok(Object.keys(facts).length > 0)
    for (const [fact, value] of Object.entries(facts)) assert.ok(typeof value === 'string' ? !value.includes('\n') : Number.isFinite(value), fact)
  },

  async 'cut-anywhere-is-refused-or-does-no-harm'({ bed: { expected }, contents, read, score }) {
    for (const [name, bytes] of contents) {
      const step = Math.max(1, Math.ceil(bytes.length / 200))
      for (let length = 0; length < bytes.length; length += step) {
        const model = await modelOr(() => read(filesOf(new Map([...contents, [name, bytes.slice(0, length)]]))), `${name} cut at ${length}`)
        if (model !== undefined) assertExpected(await score(model), expected)
      }
    }
  },

  async 'damaged-anywhere-is-refused-or-answers'({ contents, read, score }) {
    const random = randomly(2)
    for (const [name, bytes] of contents) {
      for (let i = 0; i < 150; i++) {
        const damaged = bytes.slice()
        for (let flips = 1 + random(3); flips > 0; flips--) damaged[random(bytes.length)] = random(2) === 0 ? random(256) : 48 + random(10)
        const model = await modelOr(() => read(filesOf(new Map([...contents, [name, damaged]]))), `${name}, damage ${i}`)
        if (model !== undefined) await answersOr(() => score(model), `${name}, damage ${i}`)
      }
    }
  },

  async 'a-file-that-is-missing-is-refused-or-not-needed'({ bed: { expected }, contents, read, score, skip }) {
    if (contents.size === 1) { skip('the model is one file'); return }
    for (const missing of contents.keys()) {
      const model = await modelOr(() => read(filesOf(new Map([...contents].filter(([name]) => name !== missing)))), `without ${missing}`)
      if (model !== undefined) assertExpected(await score(model), expected)
    }
  },

  async 'categories-are-not-passed-over'({ bed: { format, files, options } }) {
    await assert.rejects(format.read(files, { ...options, categories: { 'a feature that there is not': ['a'] } }), SluiceError)
  },
}

function checkSpec({ name, shape, columns }: TensorSpec): void {
  assert.notEqual(name, '')
  assert.equal(shape[0], -1, `the first dimension of '${name}' is the rows`)
  for (const size of shape.slice(1)) assert.ok(Number.isSafeInteger(size) && size > 0, `'${name}' has the shape [${shape.join(', ')}]`)
  if (columns === undefined) return
  assert.deepEqual(shape, [-1, columns.length], `'${name}' has a column for each of its columns`)
  assert.equal(new Set(columns.map(column => column.name)).size, columns.length, `the columns of '${name}' are unique`)
  for (const { name: column, categories, unknown } of columns) {
    if (categories === undefined) assert.equal(unknown, undefined, `'${column}' has no categories, so none can be unknown`)
    else assert.ok(categories.length > 0 && new Set(categories).size === categories.length, `the categories of '${column}' are unique`)
  }
}

const filesOf = (contents: ReadonlyMap<string, Uint8Array>): Files => ({
  names: [...contents.keys()],
  async read(name) {
    const bytes = contents.get(name)
    if (bytes === undefined) throw new SluiceError('SLUICE_MODEL_BROKEN', `there is no file '${name}'`)
    return bytes
  },
})

async function score({ evaluator, features }: FormatBed, model: Model): Promise<Answers> {
  const predictor = await evaluator.open(model, { name: 'model', version: '1' })
  try {
    return answersOf(await predictor.predict(takeRows(features, allRows(features)), undefined, new AbortController().signal), predictor.signature)
  } finally { await predictor.close() }
}

/** undefined: it was refused, as models are refused. */
async function modelOr(read: () => Promise<Model>, what: string): Promise<Model | undefined> {
  try { return await read() } catch (error) {
    assert.ok(error instanceof SluiceError && error.code.startsWith('SLUICE_MODEL_'), `${what}: ${String(error)}`)
    return undefined
  }
}
/** A damaged model may want other features: a program's mistake then, not a model's. */
async function answersOr(call: () => Promise<Answers>, what: string): Promise<void> {
  try { await call() } catch (error) { assert.ok(error instanceof SluiceError || error instanceof TypeError, `${what}: ${String(error)}`) }
}

/** The same numbers every time, below `end`. */
function randomly(seed: number): (end: number) => number {
  let state = seed
  return end => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * end)
  }
}
