import type { Model } from '../../core/models.ts'
import type { TensorSpec } from '../../core/tensors.ts'
import type { ProgramOutput } from '../program.ts'
import type { Bench, Column } from './bench.ts'
import { isModel, makesOf, readsOf } from './raw.ts'
import type { ModelStage, Stage } from './stages.ts'

/** Outputs of the program, what the signature says of them, and the pipeline's own names for them. */
export interface Outputs {
  readonly outputs: readonly ProgramOutput[]
  readonly specs: readonly TensorSpec[]
  readonly names: Model['raw']
}

/** The columns of the last model under the names that every model has; what else the pipeline ends in under its own. Columns that another stage reads are
    no answers, except those of the last model. */
export function outputsOf(stages: readonly Stage[], bench: Bench): Outputs {
  const outputs: ProgramOutput[] = [], specs: TensorSpec[] = [], names: { [column: string]: string } = {}
  const at = stages.at(-1)?.at ?? 'stages'
  const put = (name: string, { value, width, isVector, words, at: part }: Column, more: Partial<TensorSpec> = {}): void => {
    if (specs.some(spec => spec.name === name)) throw bench.unsupported(at, `two columns of its answer are called '${name.slice(0, 100)}'`, 'one of them is the name of what every model has', 'give the column another name')
    const whole = part === undefined ? value : bench.valueOf({ value, at: part, width, isVector }, at)
    outputs.push({ value: whole, ...(words === undefined ? {} : { labels: words }) })
    specs.push({ name, dtype: words === undefined ? 'float64' : 'string', shape: isVector ? [-1, width] : [-1], ...more })
  }
  const read = new Set(stages.flatMap(readsOf)), last = stages.findLast(isModel) as ModelStage | undefined
  const own = last === undefined ? [] : makesOf(last)
  if (last !== undefined) ofModel(last, stages, bench, put, names)
  for (const name of stages.flatMap(makesOf)) {
    if (Object.hasOwn(names, name) || read.has(name) && !own.includes(name)) continue
    put(name, bench.column(name, at))
    names[name] = name
  }
  if (outputs.length === 0) throw bench.broken(at, 'it answers nothing')
  return { outputs, specs, names }
}

type Put = (name: string, column: Column, more?: Partial<TensorSpec>) => void

function ofModel(last: ModelStage, stages: readonly Stage[], bench: Bench, put: Put, names: { [column: string]: string }): void {
  const { prediction, at } = last
  const back = prediction === undefined ? undefined : stages.findLast(stage => stage.stage === 'index_to_string' && stage.input === prediction)
  const said = back === undefined ? undefined : bench.column(makesOf(back)[0]!, at)
  const index = prediction === undefined ? undefined : bench.column(prediction, at)
  const words = said?.words ?? index?.labels
  const classes = (count: number): TensorSpec['columns'] => Array.from({ length: count }, (_, i) => ({ name: words?.[i] ?? String(i) }))
  if (index !== undefined && prediction !== undefined) {
    const isClass = index.levels !== undefined
    if (isClass) put('label', words === undefined ? index : { ...index, words }, words === undefined ? { dtype: 'int32' } : {})
    if (!isClass || words !== undefined) put('prediction', index)
    names[prediction] = !isClass || words !== undefined ? 'prediction' : 'label'
  }
  const probability = 'probability' in last ? last.probability : undefined, raw = 'raw' in last ? last.raw : undefined
  if (probability !== undefined) {
    const column = bench.column(probability, at)
    put('probabilities', column, { columns: classes(column.width) ?? [] })
    if (column.width === 2) put('probability', { value: bench.select(bench.valueOf(column, at), [1], at), width: 1, isVector: false })
    names[probability] = 'probabilities'
  }
  if (raw !== undefined) {
    put('margin', bench.column(raw, at))
    names[raw] = 'margin'
  }
  if (back !== undefined) names[makesOf(back)[0]!] = 'label'
}
