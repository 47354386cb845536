import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Packer, partOf } from '../codecs/pack.ts'
import { nameAsPath } from '../codecs/paths.ts'
import type { Path } from '../codecs/paths.ts'
import type { Values } from '../codecs/values.ts'
import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'
import { checkSkips } from './suite.ts'
import type { SuiteOptions } from './suite.ts'

export interface CodecValue { readonly [name: string]: string | number | boolean | null }
/** The two ways of a codec: values into records, and records into values. */
export interface CodecBed {
  /** One record for each value, whose names are `names`. */
  encode(values: readonly CodecValue[], names: readonly string[]): Records
  decode(records: Records, paths: readonly Path[], wanted?: Int32Array): Values
  /** Bytes that are no value. */
  readonly broken: readonly Uint8Array[]
}
export type MakeCodec = () => Promise<CodecBed>

/** Every sentence of `Values` that can be checked. A codec is a part of Sluice (src/codecs), not of a pipeline: this suite is what the next one
    has to pass. */
export function codecSuite(name: string, make: MakeCodec, options: SuiteOptions = {}): void {
  checkSkips(name, CHECKS, options)
  describe(name, () => {
    for (const [title, check] of Object.entries(CHECKS)) test(title, { skip: options.skips?.[title] ?? false, timeout: 60_000 }, async () => { await check(await make()) })
  })
}

const NAMES = ['a', 'text', 'number', 'flag', 'nothing']
const TEXTS = ['', ' ', 'a', 'a,b', '"', '""', 'a "b" c', 'line\nline', 'cr\r\nlf', '\\', '\\n', 'é', '東京', '\u{1f600}', '\u2028', '\ufffd', '\u0000', 'null', 'true', '1e3', '__proto__', 'x'.repeat(70_000)]
const NUMBERS = [0, -1, 1.5, 1e21, 5e-324, 1.7976931348623157e308, 2 ** 53, 0.1]
const some = (count = TEXTS.length): CodecValue[] => Array.from({ length: count }, (_, i) => ({
  a: i, text: TEXTS[i % TEXTS.length]!, number: NUMBERS[i % NUMBERS.length]!, flag: i % 2 === 0, nothing: null,
}))
const pathsOf = (names: readonly string[]): Path[] => names.map(nameAsPath)

const CHECKS: Readonly<{ [title: string]: (bed: CodecBed) => void | Promise<void> }> = {
  'values-come-back'({ encode, decode }) {
    const wanted = some(), read = readAll(decode(encode(wanted, NAMES), pathsOf(NAMES)), wanted.length, NAMES.length)
    assert.deepEqual(read.rows, wanted.map(value => NAMES.map(name => read.textual(value[name]!))))
  },

  'paths-may-be-some-and-in-any-order'({ encode, decode }) {
    const wanted = some(), names = ['number', 'a', 'number']
    const read = readAll(decode(encode(wanted, NAMES), pathsOf(names)), wanted.length, names.length)
    assert.deepEqual(read.rows, wanted.map(value => names.map(name => read.textual(value[name]!))))
  },

  'absent-is-not-missing'({ encode, decode }) {
    const values = decode(encode(some(1), NAMES), pathsOf(['nothing', 'nowhere', 'constructor', 'toString', 'length']))
    values.open(0)
    assert.deepEqual([0, 1, 2, 3, 4].map(path => values.at(path)), [null, undefined, undefined, undefined, undefined])
  },

  'names-that-objects-have'({ encode, decode }) {
    const names = ['__proto__', 'constructor', 'hasOwnProperty']
    const values = decode(encode([Object.fromEntries(names.map((name, i) => [name, `own ${i}`]))], names), pathsOf(names))
    values.open(0)
    assert.deepEqual(names.map((_, path) => values.at(path)), ['own 0', 'own 1', 'own 2'])
    assert.deepEqual(Object.entries(values.value()), names.map((name, i) => [name, `own ${i}`]))
    assert.equal(({} as { own?: string }).own, undefined)
  },

  'the-whole-holds-the-same'({ encode, decode }) {
    const wanted = some(), values = decode(encode(wanted, NAMES), pathsOf(NAMES))
    for (let row = 0; row < wanted.length; row++) {
      values.open(row)
      const whole = values.value()
      assert.deepEqual(NAMES.map(name => whole[name]), NAMES.map((_, path) => values.at(path)))
      assert.deepEqual(Object.keys(whole), NAMES)
      assert.equal(values.value(), whole, 'the same object until the next open')
    }
  },

  'rows-in-any-order'({ encode, decode }) {
    const wanted = some(60), values = decode(encode(wanted, NAMES), pathsOf(['a']))
    for (const row of [59, 0, 30, 30, 1, 58, 2, 0]) {
      values.open(row)
      assert.equal(Number(values.at(0)), row)
    }
  },

  'some-rows-are-wanted'({ encode, decode }) {
    const wanted = some(300), records = encode(wanted, NAMES)
    for (const rows of [[0], [299], [7, 8, 9], [298, 3, 150], []]) {
      const values = decode(records, pathsOf(['a', 'text']), Int32Array.from(rows))
      for (const row of rows) {
        values.open(row)
        assert.deepEqual([Number(values.at(0)), values.at(1)], [row, wanted[row]!['text']])
      }
    }
  },

  'values-between-other-bytes'({ encode, decode }) {
    const wanted = some(), names = pathsOf(['a', 'text'])
    const read = readAll(decode(repacked(encode(wanted, NAMES)), names), wanted.length, names.length)
    assert.deepEqual(read.rows, wanted.map(value => [read.textual(value['a']!), value['text']]))
  },

  'a-broken-value-breaks-itself-only'({ encode, decode, broken }) {
    assert.ok(broken.length > 0, 'the bed knows what is broken')
    const wanted = some(9)
    for (const bytes of broken) {
      const values = decode(repacked(encode(wanted, NAMES), 4, bytes), pathsOf(['a']))
      for (let round = 0; round < 2; round++) {
        for (let row = 0; row < 9; row++) {
          if (row !== 4) {
            values.open(row)
            assert.equal(Number(values.at(0)), row)
            continue
          }
          assert.throws(() => values.open(row), (error: unknown) => error instanceof SluiceError && error.severity === 'record', `${bytes.length} broken bytes`)
        }
      }
    }
  },

  'records-are-not-changed'({ encode, decode }) {
    const wanted = some(), records = encode(wanted, NAMES), before = structuredClone(records.bytes)
    const values = decode(records, pathsOf(NAMES))
    for (let row = 0; row < wanted.length; row++) {
      values.open(row)
      for (const path of NAMES.keys()) values.at(path)
      values.value()
    }
    assert.deepEqual(records.bytes, before)
  },

  'two-at-once'({ encode, decode }) {
    const records = encode(some(3), NAMES)
    const first = decode(records, pathsOf(['a'])), second = decode(records, pathsOf(['text']))
    first.open(1)
    second.open(2)
    assert.deepEqual([Number(first.at(0)), second.at(0)], [1, TEXTS[2]])
  },
}

interface Read {
  readonly rows: readonly (readonly unknown[])[]
  /** The value as this codec gives it: cells of text, or with its type. */
  textual(value: string | number | boolean | null): unknown
}
function readAll(values: Values, rows: number, paths: number): Read {
  return {
    rows: Array.from({ length: rows }, (_, row) => {
      values.open(row)
      return Array.from({ length: paths }, (__, path) => values.at(path))
    }),
    textual: value => values.textual && value !== null ? String(value) : value,
  }
}

/** The same values with other bytes around them; in one row other bytes in the place of its value. */
function repacked(records: Records, at = -1, instead?: Uint8Array): Records {
  const packer = new Packer(records.rows, 1024)
  for (let row = 0; row < records.rows; row++) {
    packer.row(records.timesMs[row]!)
    packer.text('"},\n\u6771')
    const from = packer.length
    packer.append(row === at ? instead! : partOf(records, records.values, row)!)
    packer.setValue(from)
    packer.text('"{,\n\u6771')
  }
  return packer.finish(records.columns)
}
