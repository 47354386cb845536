import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { explain, SluiceError } from '../core/index.ts'
import { loadDefinition } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-load-'))
let files = 0
function file(text: string | Uint8Array, kind = 'yaml'): string {
  const path = join(folder, `${++files}.${kind}`)
  writeFileSync(path, text)
  return path
}
async function failure(path: string, sets: readonly string[] = []): Promise<SluiceError> {
  const error: unknown = await loadDefinition(path, sets).then(() => assert.fail('it was accepted'), (thrown: unknown) => thrown)
  assert.ok(error instanceof SluiceError, String(error))
  return error
}

const GOOD = `name: delays
source: { file: { path: in.ndjson } }
features:
  distance: trip.km
  hour: { path: date, as: hourOfDay, zone: America/Chicago }
strategy: { embedded: { model: delay.json } }
result: { merge: { late: probability } }
sink: { file: { path: out.ndjson } }
`
const lines = (text: string): string[] => text.trimEnd().split('\n')
const without = (start: string): string => lines(GOOD).filter((line) => !line.startsWith(start)).join('\n')
const instead = (start: string, line: string): string => lines(GOOD).map((old) => old.startsWith(start) ? line : old).join('\n')

test('a definition is what the file says, nothing added', async () => {
  const { definition, secrets } = await loadDefinition(file(GOOD))
  assert.deepEqual(definition, {
    name: 'delays', source: { file: { path: 'in.ndjson' } }, features: { distance: 'trip.km', hour: { path: 'date', as: 'hourOfDay', zone: 'America/Chicago' } },
    strategy: { embedded: { model: 'delay.json' } }, result: { merge: { late: 'probability' } }, sink: { file: { path: 'out.ndjson' } },
  })
  assert.deepEqual(secrets, [])
})

const wrong: readonly [danger: string, text: string, place: string, message: string][] = [
  ['unknown-key', `${GOOD}featurs: {}\n`, '9:1', "unknown key 'featurs'; did you mean 'features'?\n    9 | featurs: {}\n      | ^^^^^^^"],
  ['unknown-key-without-likeness', `${GOOD}quux: {}\n`, '9:1', "unknown key 'quux'; known here: name, source, when, features"],
  ['unknown-key-deep', instead('  hour', '  hour: { path: date, az: hourOfDay }'), '5:23', "unknown key 'az'; did you mean 'as'?"],
  ['key-is-missing', without('strategy'), '1:1', "'strategy' is missing"],
  ['key-is-missing-deep', instead('strategy', 'strategy: { embedded: { version: v1 } }'), '6:13', "'strategy.embedded.model' is missing"],
  ['kafka-without-a-group', instead('source', 'source: { kafka: { brokers: 127.0.0.1:9092, topics: [flights] } }'), '2:11', "'source.kafka.group' is missing"],
  ['later-part', instead('sink', 'sink: { cassandra: { table: flights } }'), '8:9', 'cassandra is not in this version; known here: file, kafka, stdout'],
  ['two-sinks', instead('sink', 'sink: { file: { path: x }, stdout: {} }'), '8:7', 'sink is only one of: file, kafka, stdout; found file and stdout'],
  ['no-sink', instead('sink', 'sink: {}'), '8:7', 'sink is one of: file, kafka, stdout'],
  ['sink-of-another-kind', instead('sink', 'sink: out.ndjson'), '8:7', 'expected a mapping with one of: file, kafka, stdout'],
  ['word-not-in-the-list', instead('  hour', '  hour: { path: date, as: hourOfday }'), '5:27', "expected one of: hourOfDay, dayOfWeek, month, epochMs, log1p, length; did you mean 'hourOfDay'?"],
  ['no-such-time-zone', instead('  hour', '  hour: { path: date, as: hourOfDay, zone: America/Chicgo }'), '5:44', 'is not a time zone'],
  ['number-as-text', `${GOOD}delivery: { everyMs: fast }`, '9:22', 'expected a number, found text'],
  ['number-too-small', `${GOOD}delivery: { everyMs: 0 }`, '9:22', 'must be at least 1'],
  ['share-above-one', `${GOOD}reject: { file: { path: r }, stopAbove: { share: 5 } }`, '9:50', 'must be at most 1'],
  ['neither-number-nor-auto', `${GOOD}executors: many`, '9:12', 'expected a whole number from 1, or auto'],
  ['list-for-a-mapping', instead('result', 'result: [late]'), '7:9', 'expected merge or object'],
  ['empty-value', instead('name', 'name:'), '1:6', 'expected text, found nothing (null)'],
  ['empty-name', instead('name', 'name: ""'), '1:7', 'must not be empty'],
  ['address-without-port', `${GOOD}operating: { http: localhost }`, '9:20', 'expected HOST:PORT, such as 127.0.0.1:9100'],
  ['feature-is-a-list', instead('  hour', '  hour: [date]'), '5:9', 'expected a path, or a mapping with a path'],
  ['not-a-mapping', '- name: delays', '1:1', 'a pipeline is a mapping with name, source, strategy, result and sink'],
  ['empty-file', '', '1:1', 'a pipeline is a mapping with name, source, strategy, result and sink'],
  ['duplicate-key', `${GOOD}name: other`, '9:1', 'Map keys must be unique'],
  ['bracket-not-closed', instead('result', 'result: { merge: { late: probability }'), '8:1', 'Flow map'],
  ['tab-as-indent', instead('  hour', '\thour: date'), '5:1', 'Tabs are not allowed as indentation'],
  ['own-tag', instead('name', 'name: !!js/function x'), '1:7', 'Unresolved tag'],
  ['own-local-tag', instead('name', 'name: !env X'), '1:7', 'Unresolved tag: !env'],
  ['two-documents', `${GOOD}---\n${GOOD}`, '9:1', 'Source contains multiple documents'],
  ['alias-leads-nowhere', instead('name', 'name: *nobody'), '1:7', 'there is no anchor &nobody before this alias'],
]
for (const [danger, text, place, message] of wrong) {
  test(`mistake ${danger} is named with line and column`, async () => {
    const path = file(text), error = await failure(path)
    assert.equal(error.code, 'SLUICE_CONFIG_INVALID')
    assert.equal(error.at, `${path}:${place}`, explain(error))
    assert.ok(error.message.includes(message), error.message)
    const line = lines(text)[Number(place.split(':')[0]) - 1]
    if (line !== undefined) assert.ok(error.message.includes(`| ${line}`), error.message)
  })
}

test('all mistakes are told at once, in the order of the file', async () => {
  const path = file(`${instead('name', 'nme: x')}\nexecutors: no\n`), error = await failure(path)
  assert.match(error.message, /^'name' is missing/)
  assert.ok(error.message.includes(`and 2 more:\n  ${path}:1:1: unknown key 'nme'; did you mean 'name'?\n  ${path}:9:12: expected a whole number`), error.message)
})

test('a caret stands under its place behind tabs and in long lines', async () => {
  const long = await failure(file(`# ${'x'.repeat(10)}\n{ "name": "${'n'.repeat(300)}" , "nme": 1 }`))
  assert.match(long.message, /\| n*" , "nme": 1 }|must be at most 200/)
  for (const line of long.message.split('\n')) assert.ok(line.length < 200)
  const tab = await failure(file(instead('source', 'source:\t{ fle: { path: x } }')))
  assert.ok(tab.message.includes('    2 | source:\t{ fle: { path: x } }\n      |        \t  ^^^'), tab.message)
})

test('anchors, aliases and merges mean what YAML says, and mistakes in them point at where they are written', async () => {
  const base = 'reject: { file: &out { path: r.ndjson, format: records } }\n'
  const { definition } = await loadDefinition(file(base + instead('sink', 'sink: { file: { <<: *out, path: out.ndjson } }')))
  assert.deepEqual(definition.sink, { file: { path: 'out.ndjson', format: 'records' } })
  const path = file(base.replace('records', 'record') + instead('sink', 'sink: { file: { <<: *out, path: out.ndjson } }'))
  assert.match((await failure(path)).message, /and 1 more:\n {2}.*:1:48: expected one of/)
})

test('billion-laughs are refused', async () => {
  const levels = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : Array(12).fill(`*a${i - 1}`).join(', ')}]`)
  assert.match((await failure(file(levels.join('\n')))).message, /far too much/)
})

test('file-too-large, file-not-utf8, file-missing, folder and unknown extension are refused', async () => {
  assert.match((await failure(file('#'.repeat(1024 * 1024 + 1)))).message, /holds 1048577 bytes/)
  assert.match((await failure(file(Uint8Array.of(0x6e, 0xff)))).message, /is not UTF-8/)
  assert.equal((await failure(join(folder, 'nope.yaml'))).code, 'SLUICE_CONFIG_MISSING')
  assert.equal((await failure(join(folder, 'nope.ts'))).code, 'SLUICE_CONFIG_MISSING')
  assert.equal((await failure(folder)).code, 'SLUICE_CONFIG_MISSING')
  assert.match((await failure(file('x', 'txt'))).message, /is neither YAML nor a program/)
})

test('a number is text where text is expected, as it was written', async () => {
  const { definition } = await loadDefinition(file(instead('strategy', 'strategy: { embedded: { model: 2024, version: 1.10 } }')))
  assert.deepEqual(definition.strategy, { embedded: { model: '2024', version: '1.10' } })
})

test('an empty stdin or stdout needs no braces', async () => {
  const { definition } = await loadDefinition(file(instead('source', 'source:\n  stdin:')))
  assert.deepEqual(definition.source, { stdin: {} })
})

test('--set changes values, adds mappings on the way, and reaches lists and quoted keys', async () => {
  const { definition } = await loadDefinition(file(GOOD), [
    'name=other', 'source.file.path=[a.ndjson, b.ndjson]', 'source.file.path[1]=c.ndjson', 'delivery.everyMs=50', 'features."a.b"=x=y', 'features["c.d"]=z', 'strategy.embedded.version=1.10',
  ])
  assert.equal(definition.name, 'other')
  assert.deepEqual(definition.source, { file: { path: ['a.ndjson', 'c.ndjson'] } })
  assert.deepEqual(definition.delivery, { everyMs: 50 })
  assert.deepEqual(definition.features, { distance: 'trip.km', hour: { path: 'date', as: 'hourOfDay', zone: 'America/Chicago' }, 'a.b': 'x=y', 'c.d': 'z' })
  assert.deepEqual(definition.strategy, { embedded: { model: 'delay.json', version: '1.10' } })
})

test('--set does not reach the other users of an anchor', async () => {
  const path = file(`reject: { file: &out { path: r.ndjson } }\n${instead('sink', 'sink: { file: *out }')}`)
  const { definition } = await loadDefinition(path, ['reject.file.path=q.ndjson'])
  assert.deepEqual([definition.reject, definition.sink], [{ file: { path: 'q.ndjson' } }, { file: { path: 'r.ndjson' } }])
})

for (const [set, at, message] of [
  ['delivery.evryMs=50', '--set delivery.evryMs', "unknown key 'evryMs'; did you mean 'everyMs'?"],
  ['delivry.everyMs=50', '--set delivry.everyMs', "unknown key 'delivry'; did you mean 'delivery'?"],
  ['delivery.everyMs=soon', '--set delivery.everyMs', 'expected a number, found text'],
  ['name.first=x', '--set name.first', "'name' is neither a mapping nor a list"],
  ['source.file.path.0=x', '--set source.file.path.0', "'source.file.path' is neither a mapping nor a list"],
  ['name', '--set', '--set takes path=value'],
  ['.name=x', '--set .name', "'.name' is no path"],
  ['a..b=x', '--set a..b', "'a..b' is no path"],
  ['__proto__.polluted=1', '--set __proto__.polluted', 'is no path'],
  ['name=[', '--set name', 'the value is not valid YAML'],
  ['sink.stdout={}', '--set sink.stdout', 'sink is only one of: file, kafka, stdout; found file and stdout'],
] as const) {
  test(`--set ${set} is refused`, async () => {
    const error = await failure(file(GOOD), [set])
    assert.ok(error.message.includes(message), error.message)
    assert.equal(error.at, at)
  })
}

test('a list is not set beyond its end', async () => {
  assert.match((await failure(file(GOOD), ['source.file.path=[a]', 'source.file.path[5]=x'])).message, /'source.file.path' is a list of 1: '5' is not in it/)
})

test('references are filled in from variables and files, within text too; $${ stays', async () => {
  process.env['SLUICE_TEST_KEY'] = 'pa55word'
  const secret = file('from-a-file\n', 'txt')
  const { definition, secrets } = await loadDefinition(file(instead('source', `source: { file: { path: ["\${SLUICE_TEST_KEY}", "x-\${file:${secret}}-y", '$\${SLUICE_TEST_KEY}'] } }`)))
  assert.deepEqual(definition.source, { file: { path: ['pa55word', 'x-from-a-file-y', '${SLUICE_TEST_KEY}'] } })
  assert.deepEqual(secrets, ['pa55word', 'from-a-file'])
})

test('a reference is the number or switch that is expected, and then no secret', async () => {
  process.env['SLUICE_TEST_N'] = '4'
  const { definition, secrets } = await loadDefinition(file(`${GOOD}executors: \${SLUICE_TEST_N}\n`), ['delivery.everyMs=${SLUICE_TEST_N}'])
  assert.deepEqual([definition.executors, definition.delivery, secrets], [4, { everyMs: 4 }, []])
  // quoted in the file, a number stays the text that it is
  assert.equal((await failure(file(`${GOOD}executors: "4"\n`))).message.split('\n')[0], 'expected a whole number from 1, or auto')
})

for (const [danger, value, place, code, message] of [
  ['variable', 'in/${SLUICE_TEST_NOT_SET}', '2:29', 'SLUICE_SECRET_MISSING', 'the variable SLUICE_TEST_NOT_SET is not set'],
  ['file', '${file:/nowhere/secret}', '2:26', 'SLUICE_SECRET_MISSING', 'the file /nowhere/secret cannot be read'],
  ['other language', '${NAME:-default}', '2:26', 'SLUICE_CONFIG_INVALID', "'${NAME:-default}' is no reference"],
  ['no end', '${NAME', '2:26', 'SLUICE_CONFIG_INVALID', "'${' has no '}' behind it"],
] as const) {
  test(`a reference that leads nowhere (${danger}) names line and column`, async () => {
    const path = file(instead('source', `source: { file: { path: "${value}" } }`)), error = await failure(path)
    assert.equal(error.code, code)
    assert.equal(error.at, `${path}:${place}`)
    assert.equal(error.message, message)
  })
}

test('an unquoted reference within braces is explained', async () => {
  assert.match((await failure(file(instead('source', 'source: { file: { path: ${HOME} } }')))).fix, /put quotes around/)
})

test('secret-in-error: no mistake shows what a reference stands for', async () => {
  process.env['SLUICE_TEST_KEY'] = 'pa55word'
  const places = ['name: "${SLUICE_TEST_KEY}"', 'executors: "${SLUICE_TEST_KEY}"', 'sink: "${SLUICE_TEST_KEY}"', 'delivery: { everyMs: "${SLUICE_TEST_KEY}", guarantee: "${SLUICE_TEST_KEY}" }',
    'features: { x: { path: a, as: "${SLUICE_TEST_KEY}", zone: "${SLUICE_TEST_KEY}" } }', 'operating: { http: "${SLUICE_TEST_KEY}" }']
  for (const place of places) {
    const error = await failure(file(`${place}\nx: 1\n`), ['when.a=${SLUICE_TEST_KEY}', 'result=${SLUICE_TEST_KEY}'])
    assert.ok(!explain(error).includes('pa55word') && !String(error.stack).includes('pa55word'), explain(error))
    assert.ok(error.cause === undefined)
  }
})

const program = (body: string): string => `import { pipeline } from ${JSON.stringify(new URL('schema.ts', import.meta.url).href)}\n${body}`
const BODY = "name: 'x', source: { stdin: {} }, strategy: { embedded: { model: 'm' } }, sink: { stdout: {} }"

test('a program exports its pipeline, with functions, and can be changed by --set', async () => {
  const path = file(program(`const km = (value: unknown): number => (value as { km: number }).km\nexport default pipeline({ ${BODY}, features: { km }, result: (value) => value as object })`), 'ts')
  const { definition } = await loadDefinition(path, ['executors=2', 'name=y'])
  assert.equal(definition.name, 'y')
  assert.equal(definition.executors, 2)
  assert.equal((definition.features as { km(value: unknown): number }).km({ km: 7 }), 7)
  assert.equal(typeof definition.result, 'function')
})

test('a program that throws keeps its stack', async () => {
  const path = file('\nfunction build() {\n  throw new Error("boom")\n}\nexport default build()\n', 'mjs'), error = await failure(path)
  assert.ok(error.at?.endsWith(`${path.slice(path.lastIndexOf('/'))}:3:9`), error.at)
  assert.match(error.message, /at build \(file:.*:3:9\)\n.*:5:16/)
  assert.doesNotMatch(error.message, /node:internal|importProgram/)
  assert.equal((error.cause as Error).message, 'boom')
})

test('a program with a mistake in its definition says which and where it is called', async () => {
  const path = file(program(`export default pipeline({\n ${BODY}, result: { merg: {} } } as never)`), 'ts'), error = await failure(path)
  assert.equal(error.code, 'SLUICE_CONFIG_INVALID')
  assert.match(error.message, /result.merg: unknown key 'merg'; did you mean 'merge'\?/)
  assert.ok(error.at?.endsWith(':2:16'), error.at)
  const plain = await failure(file(`export default { ${BODY} }`, 'mjs'))
  assert.match(plain.message, /'result' is missing/)
})

test('a program with a syntax error, or syntax that Node does not strip, shows the line', async () => {
  for (const [text, kind] of [['const a = 1\nconst x = = 3\n', 'mjs'], ['const a = 1\nconst x: = 3\n', 'ts'], ['const a = 1\nenum x { y }\n', 'ts']] as const) {
    const path = file(text, kind), error = await failure(path)
    assert.ok(error.at?.endsWith(`${path.slice(path.lastIndexOf('/'))}:2`), error.at)
    assert.match(error.message, /\^/)
  }
})

test('a program without a default export is told so', async () => {
  assert.match((await failure(file('export const x = 1', 'mjs'))).message, /has no default export/)
})
