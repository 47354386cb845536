import type { ReadOptions } from '../../../core/models.ts'
import type { Column } from '../../../core/tensors.ts'
import { isLost, withCategories } from '../../categories.ts'
import type { Place } from '../place.ts'
import { differsFrom, namesOf } from './categories.ts'

// wider rows are sparse, and rows are dense here
const WIDTH_MAX = 1 << 20

const GIVE = 'give them with --categories FILE.json or strategy.embedded.categories'

export interface Columns {
  readonly columns: readonly Column[]
  /** What a user must know. */
  readonly facts: { readonly [fact: string]: string }
}

export function widthOf(learner: Place): number {
  const declared = learner.at('learner_model_param').at('num_feature')
  const width = declared.count()
  if (width > WIDTH_MAX) throw declared.broken(`${width} features are more than ${WIDTH_MAX}`)
  return width
}

/** The features in the file's order, f0, f1, ... where it has no names. NaN is missing for every booster. `largest`: the largest category in
    the splits of a feature; undefined: it has no categorical split. */
export function columnsOf(file: string, learner: Place, model: Place, version: string, { categories: given }: ReadOptions, largest: (feature: number) => number | undefined): Columns {
  const width = widthOf(learner)
  const names = learner.maybe('feature_names')?.texts() ?? []
  if (names.length !== 0 && names.length !== width) throw learner.at('feature_names').broken(`${names.length} names for ${width} features`)
  const types = learner.maybe('feature_types')?.texts() ?? []
  const known = namesOf(model, width, version)
  const saved = Array.from({ length: width }, (_, i): Column => {
    const column = { name: names[i] ?? `f${i}`, missing: true }
    return (known[i]?.names.length ?? 0) === 0 ? column : { ...column, categories: known[i]!.names }
  })
  const columns = withCategories(file, saved, given, (i, list) => {
    if (saved[i]!.categories !== undefined) return differsFrom(known[i]!, list)
    const last = largest(i)
    if (last === undefined && types[i] !== 'c') return 'the feature is a number, not a category'
    return last !== undefined && last >= list.length ? `${list.length} are given, and the trees ask for category ${last}, counted from 0` : undefined
  })
  const lost = columns.flatMap(({ name, categories = [] }) => {
    const count = categories.filter(isLost).length
    return count === 0 ? [] : [`${name}: ${count} of ${categories.length}`]
  })
  const unnamed = columns.filter(({ categories }, i) => types[i] === 'c' && categories === undefined).map(({ name }) => name)
  return {
    columns,
    facts: {
      ...(lost.length === 0 ? {} : { 'category names lost': `${lost.join(', ')}, cut off by XGBoost 3.1 to 3.3; ${GIVE}` }),
      ...(unnamed.length === 0 ? {} : { 'categories by code': `${unnamed.slice(0, 10).join(', ')}${unnamed.length > 10 ? ` and ${unnamed.length - 10} more` : ''}; names: ${GIVE}` }),
    },
  }
}
