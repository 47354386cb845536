import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../core/index.ts'
import { createLog, PENDING_MAX, type LogOptions } from './log.ts'
import { plain } from './plain.ts'
import { redactor } from './redact.ts'

const clock = { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), sleep: () => Promise.resolve() }

function capture(options: Partial<LogOptions> = {}) {
  const written: string[] = []
  const stream = { isTTY: options.format === 'text', write: (text: string) => { written.push(text); return true } }
  return { log: createLog({ stream, clock, ...options }), text: () => written.join('') }
}

const failure = () => new SluiceError('SLUICE_SINK_AWAY', 'sink is away', { at: 'rides/3@17', cause: new SluiceError('SLUICE_DISK_FULL', 'no space', { why: 'full', fix: 'make room' }) })

test('json: one line an event, with the error taken apart', () => {
  const { log, text } = capture({ pipeline: 'eta' })
  log.write('error', 'cannot write', { partition: 'rides/3', offset: 17n, error: failure() })
  assert.equal(text().split('\n').length, 2)
  assert.deepEqual(JSON.parse(text()), {
    time: '2026-01-02T03:04:05.678Z', level: 'error', msg: 'cannot write', pipeline: 'eta', partition: 'rides/3', offset: '17',
    error: {
      code: 'SLUICE_SINK_AWAY', message: 'sink is away', at: 'rides/3@17', why: 'the sink cannot be reached', fix: 'nothing: it is tried again until it answers',
      cause: { code: 'SLUICE_DISK_FULL', message: 'no space', why: 'full', fix: 'make room' },
    },
  })
})

test('text: exactly these lines, without colours', () => {
  const { log, text } = capture({ format: 'text', colour: false })
  log.write('info', 'started', { executors: 2, model: 'eta 4', none: undefined })
  log.write('error', 'cannot write', { error: failure(), partition: 'rides/3' })
  assert.equal(text(), [
    '03:04:05.678 INFO  started executors=2 model="eta 4"',
    '03:04:05.678 ERROR cannot write partition=rides/3',
    '  error: sink is away',
    '    code: SLUICE_SINK_AWAY',
    '    at:   rides/3@17',
    '    why:  the sink cannot be reached',
    '    fix:  nothing: it is tried again until it answers',
    '    cause: no space',
    '      code: SLUICE_DISK_FULL',
    '      why:  full',
    '      fix:  make room',
    '',
  ].join('\n'))
})

test('no-colour: NO_COLOR in the environment is honoured in a terminal', (t) => {
  const before = process.env['NO_COLOR']
  t.after(() => { if (before === undefined) delete process.env['NO_COLOR']; else process.env['NO_COLOR'] = before })
  process.env['NO_COLOR'] = '1'
  const bare = capture({ format: 'text' })
  bare.log.write('warn', 'x')
  assert.ok(!bare.text().includes('\u001b'))
  process.env['NO_COLOR'] = ''
  const coloured = capture({ format: 'text' })
  coloured.log.write('warn', 'x')
  assert.ok(coloured.text().includes('\u001b[33m'))
})

test('level: what is less important is left out', () => {
  const { log, text } = capture({ level: 'warn' })
  log.write('debug', 'a')
  log.write('info', 'b')
  log.write('warn', 'c')
  assert.equal(text().split('\n').length, 2)
})

test('field-named-level: fields cannot take the place of the line\'s own', () => {
  const { log, text } = capture({ pipeline: 'eta' })
  log.write('info', 'x', { level: 'error', msg: 'forged', time: 0, pipeline: 'other', __proto__: { a: 1 } })
  assert.deepEqual(JSON.parse(text()), { time: '2026-01-02T03:04:05.678Z', level: 'info', msg: 'x', pipeline: 'eta', _level: 'error', _msg: 'forged', _time: 0, _pipeline: 'other' })
})

test('forged-lines: values of records can neither begin a line nor move the cursor', () => {
  const { log, text } = capture({ format: 'text', colour: false })
  log.write('info', 'a\nb\u001b[2J\u202e', { value: 'x\n03:04:05.678 ERROR forged', error: new Error('c\r\u001b]0;d') })
  for (const line of text().split('\n').filter((part) => part !== '')) assert.match(line, /^(03:04:05\.678 INFO|  )/)
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(text(), /[\u0000-\u0009\u000b-\u001f\u202e]/)
})

const secret = fc.oneof(fc.string({ minLength: 4, maxLength: 30 }), fc.string({ unit: 'binary', minLength: 4, maxLength: 30 }),
  fc.constantFrom('pa"ss\\word', 'geheim+/=?&', 'line one of a key\nline two of a key', '12345678', '$&$1', '[a-z]+', 'ünïcödé'))
  // what stands in every line anyway cannot be told from the secret
  .filter((text) => text.trim().length >= 4 && !/^[\w\s:.,{}"-]{0,5}$/.test(text))

test('secrets: none appears in any line, wherever it is: text, names, numbers, nested, causes, stacks, URLs, cut values', () => {
  fc.assert(fc.property(secret, fc.constantFrom('json', 'text'), (hidden, format) => {
    const { log, text } = capture({ format: format as 'json' | 'text', colour: false, secrets: [hidden] })
    const inner = new Error(`refused ${hidden}`, { cause: new SluiceError('SLUICE_SINK_AWAY', hidden, { at: hidden, why: `${hidden}!`, fix: hidden }) })
    log.write('error', `login with ${hidden}`, {
      [`name ${hidden}`]: 1, password: hidden, nested: [{ deep: new Map([[hidden, new Set([hidden])]]) }], error: inner,
      url: `http://u:${encodeURIComponent(hidden.toWellFormed())}@host`, number: Number(hidden) || 0,
      long: 'x'.repeat(3990) + hidden, basic: Buffer.from(hidden).toString('base64'), json: JSON.stringify({ hidden }),
    })
    const shown = text()
    for (const form of [hidden, encodeURIComponent(hidden.toWellFormed()), Buffer.from(hidden).toString('base64').replace(/=+$/, ''), JSON.stringify(hidden).slice(1, -1)]) {
      assert.ok(!shown.includes(form), `${JSON.stringify(form)} in ${shown}`)
    }
    if (format === 'json') assert.ok(!JSON.stringify(JSON.parse(shown)).includes(hidden))
  }))
})

test('secrets: one that begins with another leaves no rest, and short or empty ones do not eat the log', () => {
  const redact = redactor(['abcd', 'abcdefgh', '', 'no'])
  assert.equal(redact('x abcdefgh y abcd no'), 'x <secret> y <secret> no')
  assert.equal(redactor([])('as it is'), 'as it is')
})

test('any-value: nothing that is logged throws, and no line is without end', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const errors = new Error('round')
  errors.cause = errors
  const { log, text } = capture()
  log.write('info', 'x'.repeat(100_000), {
    circular, errors, getter: { get boom(): never { throw new Error('read') } }, bytes: new Uint8Array(1e6), date: new Date(NaN),
    many: Array.from({ length: 1e5 }, (_, i) => i), symbol: Symbol('s'), call: () => 1, json: { toJSON() { throw new Error('json') } },
    nan: NaN, revoked: new AggregateError([new Error('one')], 'all'), surrogate: '\ud800', wide: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i])),
  })
  assert.ok(text().length < 60_000, String(text().length))
  const line = JSON.parse(text())
  assert.equal(line.bytes, '<1000000 bytes>')
  assert.equal(line.nan, 'NaN')
  assert.equal(line.many.at(-1), '<99950 more>')
  fc.assert(fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }), (value) => {
    const { log: each, text: shown } = capture()
    each.write('info', 'x', { value })
    JSON.parse(shown())
  }))
})

test('error-through-a-thread: as plain data it keeps code, why and fix', () => {
  assert.deepEqual(structuredClone(plain({ error: failure() })), plain({ error: failure() }))
})

test('blocked-stderr: lines are left out and counted, memory does not grow, and afterwards it is said', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 })
  const log = createLog({ stream, clock, format: 'json' })
  const lines = 5000
  for (let i = 0; i < lines; i++) log.write('info', 'x'.repeat(1000), { i })
  assert.ok(stream.writableLength + stream.readableLength < PENDING_MAX + 10_000)
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  while (!text.includes('left out')) await new Promise((resolve) => setImmediate(resolve))
  const shown = text.split('\n').filter((line) => line.includes('xxx')).length
  const counted = Number(/(\d+) log lines were left out/.exec(text)![1])
  assert.equal(shown + counted, lines)
  log.write('info', 'goes on')
})

test('closed-stderr: the work goes on when the reader of the log is gone', async () => {
  const stream = new PassThrough()
  const log = createLog({ stream, clock })
  stream.destroy(new Error('EPIPE'))
  await new Promise((resolve) => setImmediate(resolve))
  log.write('info', 'nobody reads this')
})
