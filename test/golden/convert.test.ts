import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/open.ts'
import { inspectModel } from '../../src/strategies/embedded/index.ts'
import { folder, golden, sluice } from '../cli.ts'

const at = folder()
const MODEL = golden('xgboost/bin-cancer/model.json'), ROWS = golden('xgboost/bin-cancer/inputs.csv')

test('an image answers as its model, to the last bit: predict, verify, inspect, run, open', async () => {
  const out = join(at, 'cancer.sluice'), made = await sluice(['convert', MODEL, out])
  assert.deepEqual({ code: made.code, stderr: made.stderr }, { code: 0, stderr: '' })
  const { length } = readFileSync(out)
  assert.equal(made.stdout, `${out}: image of ${MODEL} (xgboost), ${length} bytes; opened again, 16 rows have the same answers to the last bit\n`)
  assert.deepEqual(readdirSync(at).filter(name => name.endsWith('.tmp')), [])

  const [origin, image] = await Promise.all([MODEL, out].map(model => sluice(['predict', model, ROWS])))
  assert.equal(image!.code, 0, image!.stderr)
  assert.ok(image!.stdout.length > 1000)
  assert.equal(image!.stdout, origin!.stdout)
  const verified = await sluice(['verify', out, ROWS, golden('xgboost/bin-cancer/expected.csv')])
  assert.equal(verified.code, 0, verified.stderr)
  assert.match((await sluice(['inspect', out])).stdout, /^format +image\nimage of +xgboost\n/m)

  writeFileSync(join(at, 'rows.csv'), readFileSync(ROWS))
  writeFileSync(join(at, 'cancer.yaml'), 'name: cancer\nsource: { file: { path: rows.csv } }\nstrategy: { embedded: { model: cancer.sluice } }\nresult: { object: { p: probability } }\nsink: { file: { path: out.ndjson } }\n')
  const ran = await sluice(['run', 'cancer.yaml'], { cwd: at })
  assert.equal(ran.code, 0, ran.stderr)
  const probabilities = (text: string, name: string): unknown[] => text.trimEnd().split('\n').map(line => (JSON.parse(line) as { [field: string]: unknown })[name])
  assert.deepEqual(probabilities(readFileSync(join(at, 'out.ndjson'), 'utf8'), 'p'), probabilities(origin!.stdout, 'probability'))

  const models = await Promise.all([MODEL, out].map(path => open(path)))
  const rows = [Object.fromEntries(models[0]!.inputs.map(({ name }, i) => [name, i === 2 ? null : i]))]
  assert.deepEqual(await models[1]!.score(rows), await models[0]!.score(rows))
  for (const model of models) await model.close()
})

test('nothing is written over unasked; the same model gives the same bytes, also from an image, and from a repository its highest version', async () => {
  const one = join(at, 'one.sluice'), two = join(at, 'two.sluice')
  writeFileSync(one, 'mine')
  const refused = await sluice(['convert', MODEL, one])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /SLUICE_OUTPUT_EXISTS[^]*--force/)
  assert.equal(readFileSync(one, 'utf8'), 'mine')
  assert.equal((await sluice(['convert', MODEL, one, '--force'])).code, 0)
  assert.match((await sluice(['convert', one, two])).stdout, /image of .*one\.sluice \(xgboost\)/)
  assert.deepEqual(readFileSync(two), readFileSync(one))

  for (const [version, from] of [['9', 'reg-diabetes'], ['10', 'bin-cancer']] as const) {
    mkdirSync(join(at, 'repository', version), { recursive: true })
    await cp(golden(`xgboost/${from}/model.json`), join(at, 'repository', version, 'model.json'))
  }
  const three = join(at, 'three.sluice'), made = await sluice(['convert', join(at, 'repository'), three])
  assert.match(made.stdout, /repository, version 10 \(xgboost\)/)
  assert.deepEqual(readFileSync(three), readFileSync(one))
})

test('which trees and which categories is said when it is converted', async () => {
  const stopped = golden('early-stopping/xgboost-3.2.0-binary/model.json'), trees = async (which: readonly string[], name: string): Promise<string> => {
    const out = join(at, name)
    assert.equal((await sluice(['convert', stopped, out, ...which])).code, 0)
    return String((await inspectModel(out)).facts['trees used'])
  }
  assert.match(await trees([], 'best.sluice'), /^\d+ of \d+/)
  assert.match(await trees(['--trees', 'all'], 'all.sluice'), /^all /)
  assert.match((await sluice(['predict', join(at, 'best.sluice'), ROWS, '--trees', 'all'])).stderr, /SLUICE_CONFIG_INVALID[^]*--trees to `sluice convert`/)

  const meta = JSON.parse(readFileSync(golden('xgboost/cat-onehot-orders/meta.json'), 'utf8')) as { categories: object }, categories = join(at, 'categories.json'), out = join(at, 'orders.sluice')
  writeFileSync(categories, JSON.stringify(meta.categories))
  assert.equal((await sluice(['convert', golden('xgboost/cat-onehot-orders/model.json'), out, '--categories', categories])).code, 0)
  const { inputs: [input] } = await inspectModel(out)
  for (const [name, list] of Object.entries(meta.categories)) assert.deepEqual(input!.columns!.find(column => column.name === name)!.categories, list)
})

test('onnx by its extension or by --format; read again it answers the same; what cannot be said is not written', async () => {
  const out = join(at, 'cancer.onnx'), other = join(at, 'cancer.bin'), made = await sluice(['convert', MODEL, out])
  assert.deepEqual({ code: made.code, stderr: made.stderr }, { code: 0, stderr: '' })
  assert.match(made.stdout, /^.*cancer\.onnx: ONNX of .* \(xgboost\), \d+ bytes; opened again, 16 rows have the same answers but for rounding\n$/)
  assert.equal((await sluice(['convert', out.replace('onnx', 'sluice'), other, '--format', 'onnx'])).code, 0)
  assert.deepEqual(readFileSync(other), readFileSync(out))
  // ONNX has a matrix, and no names for its columns
  const [header, ...lines] = readFileSync(ROWS, 'utf8').split('\n'), numbered = join(at, 'numbered.csv')
  writeFileSync(numbered, [header!.split(',').map((_, i) => `features_${i}`).join(','), ...lines].join('\n'))
  const [origin, onnx] = await Promise.all([sluice(['predict', MODEL, ROWS]), sluice(['predict', out, numbered])])
  assert.equal(onnx.stderr, '')
  const margins = (text: string, name: string): number[] => text.trimEnd().split('\n').map(line => (JSON.parse(line) as { [field: string]: number })[name]!)
  const [wanted, given] = [margins(origin.stdout, 'margin'), margins(onnx.stdout, 'margin_')]
  assert.ok(wanted.length > 100)
  for (const [i, margin] of wanted.entries()) assert.ok(Math.abs(margin - given[i]!) < 1e-5, `row ${i}: ${given[i]} for ${margin}`)

  const refused = await sluice(['convert', golden('lightgbm/linear-tree-diabetes/model.txt'), join(at, 'linear.onnx')])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /ONNX has no exact words for leaves that are linear models\n {2}code: SLUICE_MODEL_UNSUPPORTED/)
  assert.deepEqual(readdirSync(at).filter(name => name.startsWith('linear') || name.endsWith('.tmp')), [])
})

test('what cannot be: no model, a folder for a file, a folder that is not there, no arguments', async () => {
  writeFileSync(join(at, 'text.txt'), 'no model')
  for (const [args, code, message] of [
    [[join(at, 'nothing.json'), join(at, 'x.sluice')], 1, /SLUICE_MODEL_MISSING/], [[join(at, 'text.txt'), join(at, 'x.sluice')], 1, /SLUICE_MODEL_UNKNOWN/],
    [[MODEL, at], 1, /is a folder[^]*model\.sluice/], [[MODEL, join(at, 'no', 'x.sluice')], 1, /SLUICE_FILE_MISSING/], [[MODEL], 2, /missing required argument 'out'/],
  ] as const) {
    const ran = await sluice(['convert', ...args])
    assert.equal(ran.code, code, ran.stderr)
    assert.match(ran.stderr, message)
  }
  assert.deepEqual(readdirSync(at).filter(name => name.startsWith('x.') || name.endsWith('.tmp')), [])
})

test('a damaged image is refused, and says where', async () => {
  const out = join(at, 'damaged.sluice')
  assert.equal((await sluice(['convert', MODEL, out])).code, 0)
  const bytes = readFileSync(out)
  bytes[bytes.length - 100]! ^= 1
  writeFileSync(out, bytes)
  const { code, stderr } = await sluice(['inspect', out])
  assert.equal(code, 1)
  assert.match(stderr, /damaged\.sluice: the checksum does not fit\n {2}code: SLUICE_MODEL_BROKEN/)
})
