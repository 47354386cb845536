import { constant } from '../../stages/bench.ts'
import type { Bench } from '../../stages/bench.ts'
import type { Operand } from '../../program.ts'
import type { Stage } from '../../stages/stages.ts'
import type { Reading, ReadStep } from './reading.ts'

/* What MLeap adds to Spark, and where it computes otherwise than Spark 3.5 does. */

type Make = (bench: Bench, inputs: readonly number[]) => number
const computed = ({ at }: Reading, inputs: readonly string[], output: string, make: Make, width?: number): Stage => ({ stage: 'computed', at, inputs, output, make, ...width === undefined ? {} : { width } })

const UNARY = { log: 'log', exp: 'exp', sqrt: 'sqrt', sin: 'sin', cos: 'cos', tan: 'tan', abs: 'absolute', floor: 'floor', ceil: 'ceiling' } as const
const BINARY = { add: 'add', sub: 'subtract', mul: 'multiply', div: 'divide', rem: 'remainder', pow: 'power', min: 'minimum', max: 'maximum' } as const
const has = <T extends object>(table: T, key: string): key is keyof T & string => Object.hasOwn(table, key)

export const mathOperations: { readonly [op: string]: ReadStep } = {
  math_unary(step) {
    const { attributes, at } = step, operation = attributes.text('operation'), inputs = [step.input('input')], output = step.output('output')
    if (has(UNARY, operation)) return [computed(step, inputs, output, (bench, [x]) => bench.unary(UNARY[operation], x!, at))]
    if (operation === 'round') return [computed(step, inputs, output, (bench, [x]) => round(bench, x!, at))]
    throw attributes.unsupported(`the function '${operation.slice(0, 40)}'`)
  },
  math_binary(step) {
    const { attributes, at } = step, operation = attributes.text('operation'), a = step.maybeInput('input_a'), b = step.maybeInput('input_b')
    const inputs = [a, b].filter(name => name !== undefined)
    if (inputs.length === 0) throw attributes.unsupported('a number that depends on nothing')
    const fixed = (name: string): Float64Array => constant(attributes.number(name)), da = a === undefined ? fixed('da') : undefined, db = b === undefined ? fixed('db') : undefined
    // what stands for a column that is null, and null is missing here
    for (const name of ['da', 'db']) if (attributes.has(name)) attributes.number(name)
    return [computed(step, inputs, step.output('output'), (bench, values) => {
      const left: Operand = da ?? values[0]!, right: Operand = db ?? values.at(-1)!
      if (has(BINARY, operation)) return bench.binary(operation === 'rem' && step.python ? 'modulo' : BINARY[operation], left, right, at)
      if (operation !== 'log_n') throw attributes.unsupported(`the function '${operation.slice(0, 40)}'`)
      const log = (of: Operand): Operand => typeof of === 'number' ? bench.unary('log', of, at) : of.map(Math.log)
      return bench.binary('divide', log(left), log(right), at)
    })]
  },
  /** A number for each word. */
  string_map(step) {
    const { attributes, at } = step, labels = attributes.texts('labels'), values = Float64Array.from(attributes.numbers('values'))
    const input = step.input('input'), output = step.output('output'), index = `${output} as an index of ${at}`
    const invalid = attributes.text('handle_invalid', 'error'), otherwise = attributes.number('default_value', 0)
    if (invalid !== 'error' && invalid !== 'keep') throw attributes.broken(`handle_invalid is '${invalid.slice(0, 40)}'`)
    if (labels.length !== values.length || labels.length === 0) throw attributes.broken(`${values.length} values for ${labels.length} words`)
    return [
      { stage: 'string_indexer', at, input, output: index, labels, invalid },
      computed(step, [index], output, (bench, [of]) => bench.add({ op: 'lookup', of: of!, width: 1, values, otherwise: constant(otherwise) }, at)),
    ]
  },
  /** The first that is not missing. */
  coalesce(step) {
    const inputs = step.inputs('input'), { at } = step
    const count = step.attributes.booleans('nullable_inputs').length
    if (count !== inputs.length || count === 0) throw step.attributes.broken(`${inputs.length} columns where ${count} belong`)
    const make: Make = (bench, values) => values.toReversed().reduce((rest, value) => bench.where(bench.unary('isMissing', value, at), rest, value, at))
    return [{ ...computed(step, inputs, step.output('output'), make), missing: true } as Stage]
  },
  /** (x - low) / (high - low) * (max - min) + min, half of the range where high = low. */
  min_max_scaler(step) {
    const { attributes, at } = step, low = attributes.vector('min'), high = attributes.vector('max'), min = attributes.number('minValue', 0), max = attributes.number('maxValue', 1)
    if (low.length !== high.length) throw attributes.broken(`${low.length} smallest values and ${high.length} largest`)
    const range = low.map((x, i) => high[i]! - x)
    return [computed(step, [step.input('input')], step.output('output'), (bench, [x]) => {
      let share = bench.binary('divide', bench.binary('subtract', x!, low, at), range.map(r => r === 0 ? 1 : r), at)
      if (range.includes(0)) {
        const isConstant = bench.binary('add', range.map(r => r === 0 ? 1 : 0), bench.binary('multiply', bench.unary('isMissing', x!, at), constant(0), at), at)
        share = bench.where(isConstant, bench.where(bench.unary('isMissing', x!, at), x!, constant(0.5), at), share, at)
      }
      return bench.binary('add', bench.binary('multiply', share, constant(max - min), at), constant(min), at)
    }, low.length)]
  },
  /** x / maxAbs, or x where maxAbs is 0, and held within -1 and 1. */
  max_abs_scaler(step) {
    const { at } = step, maxAbs = step.attributes.vector('maxAbs').map(x => x === 0 ? 1 : x)
    return [computed(step, [step.input('input')], step.output('output'), (bench, [x]) =>
      bench.binary('maximum', constant(-1), bench.binary('minimum', constant(1), bench.binary('divide', x!, maxAbs, at), at), at), maxAbs.length)]
  },
  /** 1 where x > threshold. MLeap 0.20 writes its own under this name. */
  sklearn_binarizer(step) {
    step.attributes.shapes('input_shapes')
    return [{ stage: 'binarizer', at: step.at, input: step.input('input'), output: step.output('output'), threshold: step.attributes.number('threshold') }]
  },
  /** "[x0,x1,x0^2,x0 x1,x1^2]", and 1 for a constant. */
  sklearn_polynomial_expansion(step) {
    const { attributes, at } = step, text = attributes.text('combinations')
    const products = (/^\[(.*)\]$/.exec(text)?.[1] ?? '').split(',').map(term => term.trim() === '1' ? [] : term.trim().split(' ').flatMap(factor => {
      const [, feature, power = '1'] = /^x(\d{1,6})(?:\^(\d{1,2}))?$/.exec(factor) ?? []
      if (feature === undefined) throw attributes.broken(`'${factor.slice(0, 40)}' is no power of x0, x1, ...`)
      return Array.from({ length: Number(power) }, () => Number(feature))
    }))
    const longest = products.reduce((most, { length }) => Math.max(most, length), 1)
    return [computed(step, [step.input('input')], step.output('output'), (bench, [x]) => {
      // the first factor of each product, then the second, ...: 1 where a product has none
      const factors = (i: number): number => bench.add({ op: 'select', of: x!, columns: Int32Array.from(products, product => product[i] ?? -1), fill: 1 }, at)
      let made = factors(0)
      for (let i = 1; i < longest; i++) made = bench.binary('multiply', made, factors(i), at)
      return made
    })]
  },
  /** x * idf */
  idf(step) {
    // how often the terms were met: the weights are made of it
    if (step.attributes.has('docFreq')) step.attributes.counts('docFreq')
    if (step.attributes.has('numDocs')) step.attributes.count('numDocs')
    return [{ stage: 'elementwise_product', at: step.at, input: step.input('input'), output: step.output('output'), weights: step.attributes.vector('idf') }]
  },
}

/** As Java's Math.round: halves up, NaN is 0, held within the longs. */
function round(bench: Bench, x: number, at: string): number {
  const floor = bench.unary('floor', x, at), up = bench.binary('greaterEqual', bench.binary('subtract', x, floor, at), constant(0.5), at)
  const rounded = bench.where(bench.unary('isMissing', x, at), constant(0), bench.binary('add', floor, up, at), at)
  return bench.binary('maximum', bench.binary('minimum', rounded, constant(2 ** 63), at), constant(-(2 ** 63)), at)
}
