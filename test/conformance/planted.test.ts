import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The test that has to find each planted fault; others may find it too. */
const FOUND_BY: { readonly [fault: string]: string | undefined } = {
  'evaluator, no fault': undefined,
  'evaluator, answers lie in the memory of the features': 'outputs-share-no-memory-with-features',
  'evaluator, one memory for the answers of all calls': 'outputs-stay-until-they-are-released',
  'evaluator, features are read from the beginning of their buffer': 'answers-as-expected',
  "evaluator, the answer depends on the row's place": 'rows-do-not-know-each-other',
  'evaluator, the answer depends on the call': 'two-of-one-model',
  'evaluator, features are kept in a field while it waits': 'several-calls-at-once',
  'evaluator, only as many rows as its memory holds': 'many-rows',
  'evaluator, no rows are an error': 'no-rows',
  'evaluator, a shape of its own': 'outputs-are-as-in-the-signature',
  'evaluator, doubles where floats were promised': 'outputs-are-as-in-the-signature',
  'evaluator, an output is missing': 'outputs-are-as-in-the-signature',
  'evaluator, another model is named': 'says-which-model-answered',
  'evaluator, infinities throw': 'odd-numbers',
  'evaluator, every kind is executed': 'refuses-what-it-does-not-know',
  'evaluator, closing one closes all': 'two-of-one-model',
  'evaluator, last bits are lost': 'answers-as-expected',
  'format, no fault': undefined,
  'format, detects by the extension': 'content-counts-not-the-name',
  'format, detects whatever there is': 'detects-nothing-else',
  'format, detect throws on an empty file': 'detects-nothing-else',
  'format, reads differently the second time': 'read-twice-is-equal',
  'format, reads what it wants to': 'answers-as-its-library',
  'format, changes the files': 'files-are-not-changed',
  'format, a cut file is a smaller model': 'cut-anywhere-is-refused-or-does-no-harm',
  'format, a cut file is an error without a name': 'damaged-anywhere-is-refused-or-answers',
  'format, a fixed number of rows': 'signature-can-be-used',
  'format, two columns of one name': 'signature-can-be-used',
  'format, raw names no output': 'signature-can-be-used',
  'format, needs no memory': 'says-what-it-is',
  'format, categories are passed over': 'categories-are-not-passed-over',
  'codec, no fault': undefined,
  'codec, null is absent': 'absent-is-not-missing',
  'codec, what objects inherit is there': 'absent-is-not-missing',
  'codec, the whole is made anew': 'the-whole-holds-the-same',
  'codec, rows only forwards': 'rows-in-any-order',
  'codec, all rows are taken for wanted': 'some-rows-are-wanted',
  'codec, broken values are empty ones': 'a-broken-value-breaks-itself-only',
  'codec, broken values stop the pipeline': 'a-broken-value-breaks-itself-only',
  'codec, texts are trimmed': 'values-come-back',
}

test('planted-faults: each is found by the test that is named for it, and a part without one passes', async () => {
  // the variable would make the child report to this process in another form
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const report = await new Promise<string>(resolve => {
    execFile(process.execPath, ['--test-reporter=tap', fileURLToPath(new URL('planted.ts', import.meta.url))], { env, maxBuffer: 1 << 26 }, (__, stdout) => resolve(stdout))
  })
  const found = new Map<string, readonly string[]>()
  let failed: string[] = []
  for (const [, indent, not, title] of report.matchAll(/^( *)(not )?ok \d+ - (.+?)(?: # .*)?$/gm)) {
    if (indent === '    ' && not !== undefined) failed.push(title!)
    if (indent === '') { found.set(title!, failed); failed = [] }
  }
  assert.deepEqual([...found.keys()].sort(), Object.keys(FOUND_BY).sort())
  for (const [fault, by] of Object.entries(FOUND_BY)) {
    if (by === undefined) assert.deepEqual(found.get(fault), [], fault)
    else assert.ok(found.get(fault)!.includes(by), `'${fault}' is found by ${found.get(fault)!.join(', ') || 'none'}`)
  }
})
