import { SluiceError } from '../../../core/errors.ts'
import type { ReadOptions } from '../../../core/models.ts'
import type { Column } from '../../../core/tensors.ts'
import { difference, withCategories } from '../../categories.ts'
import type { Categories } from '../../categories.ts'
import { FLAG } from '../../trees.ts'
import type { TreeNode } from '../../trees.ts'
import type { Place, Value } from '../place.ts'
import { known } from './known.ts'

/** What a node asks; the right child is where it holds. */
export interface Question {
  readonly type: 'FloatFeature' | 'OneHotFeature'
  /** Among the features of its kind, as splits name it. */
  readonly index: number
  /** The border, or the word's hash. */
  readonly value: number
  readonly node: Omit<TreeNode, 'left' | 'right'>
}
export interface Features {
  readonly columns: readonly Column[]
  /** The file has no names. */
  readonly unnamed: boolean
  /** In CatBoost's order, which `split_index` counts: borders of the numbers, then words of the categories. */
  readonly questions: readonly Question[]
}

const FLOAT = ['has_nans', 'feature_index', 'flat_feature_index', 'borders', 'feature_id', 'feature_name', 'nan_value_treatment']
const CATEGORICAL = ['feature_index', 'flat_feature_index', 'feature_id', 'feature_name', 'values', 'string_values']

/** features_info. Numbers are missing where they are NaN in every file: a feature without a rule (AsIs) compares NaN, which is greater than
    nothing. A word that no node asks for is unknown and equals none. */
export function featuresOf(file: string, info: Place, { categories: given }: ReadOptions): Features {
  known(file, info, ['float_features', 'categorical_features', 'cat_features_hash', 'ctrs'])
  const unsupported = (what: string, at: string, why: string, fix: string): SluiceError => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${what}`, { at, why, fix })
  if (listOf(info, 'ctrs').length > 0) {
    throw unsupported('its categories are target statistics (CTR), not words that are compared', 'features_info.ctrs', 'what CatBoost makes of counts of the training data is not computed here',
      'train with one_hot_max_size=N, N at least the number of different words of a feature')
  }
  const numbers = listOf(info, 'float_features'), words = listOf(info, 'categorical_features')
  const columns: (Column | undefined)[] = Array.from({ length: numbers.length + words.length }), questions: Question[] = []
  const put = (feature: Place, own: Omit<Column, 'name'>): number => {
    const place = feature.at('flat_feature_index'), at = place.count()
    if (at >= columns.length || columns[at] !== undefined) throw place.broken(`feature ${at} of ${columns.length}, or twice: text and embedding features are in no JSON`)
    columns[at] = { name: feature.maybe('feature_name')?.text() ?? feature.at('feature_id').text(), ...own }
    return at
  }
  const seen = new Set<string>()
  const indexOf = (feature: Place, kind: string): number => {
    const place = feature.at('feature_index'), index = place.count()
    if (seen.has(`${kind} ${index}`)) throw place.broken(`feature ${index} is there twice`)
    seen.add(`${kind} ${index}`)
    return index
  }

  for (const feature of numbers) {
    known(file, feature, FLOAT)
    const index = indexOf(feature, 'float'), column = put(feature, { missing: true }), flags = flagsOf(feature), borders = feature.at('borders').numbers()
    for (let i = 0; i < borders.length; i++) questions.push({ type: 'FloatFeature', index, value: Math.fround(borders[i]!), node: { feature: column, threshold: Math.fround(borders[i]!), flags } })
  }
  const named = words.length === 0 ? new Map<number, string>() : namesOf(info)
  for (const feature of words) {
    known(file, feature, CATEGORICAL)
    const index = indexOf(feature, 'categorical'), hashes = feature.maybe('values')?.integers() ?? []
    if (new Set(Array.from(hashes)).size !== hashes.length) throw feature.at('values').broken('a word is there twice')
    const own = Array.from(hashes, (hash): string => {
      const word = named.get(hash >>> 0)
      if (word !== undefined) return word
      throw unsupported(`the words of feature ${index} are not in the file, only their hashes`, feature.at('values').path, 'it was saved without the data, or with data that has other words',
        'save it with the data it was trained with: model.save_model("model.json", format="json", pool=train)')
    })
    const { categories, codes } = withTwins(own), column = put(feature, { categories, unknown: -1 })
    for (const [i, hash] of Array.from(hashes).entries()) questions.push({ type: 'OneHotFeature', index, value: hash, node: isWord(column, codes[i]!) })
  }

  const all = columns as readonly Column[], unnamed = all.every(({ name }) => name === '')
  // CatBoost calls a feature without a name by its number
  const titled = all.map((column, i) => ({ ...column, name: unnamed ? `features_${i}` : column.name === '' ? String(i) : column.name }))
  if (new Set(titled.map(({ name }) => name)).size !== titled.length) throw unsupported('two features have the same name', info.path, 'which of them is meant cannot be told', 'give them names of their own')
  return {
    unnamed, questions,
    columns: withCategories(file, titled, given, (i, list) => {
      const own = titled[i]!.categories?.filter(category => typeof category === 'string')
      return own === undefined ? 'the feature is a number, not a category' : difference(own, list)
    }),
  }
}

/** null where there are none. */
function listOf(info: Place, key: string): readonly Place[] {
  const list = info.maybe(key)
  return list === undefined || list.value === null ? [] : list.items()
}

function flagsOf(feature: Place): number {
  const place = feature.at('nan_value_treatment'), treatment = place.text(), has = feature.at('has_nans').value
  if (treatment !== 'AsIs' && treatment !== 'AsFalse' && treatment !== 'AsTrue' || typeof has !== 'boolean') throw place.broken(`'${treatment.slice(0, 40)}' is no rule for NaN`)
  return FLAG.missingNaN | (treatment === 'AsTrue' && has ? 0 : FLAG.missingLeft)
}

/** cat_features_hash: [{hash, value}], of all features together. */
function namesOf(info: Place): Map<number, string> {
  const list = info.maybe('cat_features_hash'), names = new Map<number, string>()
  if (list === undefined || list.value === null) return names
  if (!Array.isArray(list.value)) throw list.broken('a list belongs here')
  for (const entry of list.value as readonly Value[]) {
    const { hash, value } = (entry ?? {}) as { readonly hash?: Value; readonly value?: Value }
    if (typeof hash !== 'number' || typeof value !== 'string') throw list.broken('a word without its hash')
    names.set(hash >>> 0, value)
  }
  return names
}

/** To CatBoost a number is the text of it, and a truth value 1 or 0: the words, and beside each what else stands for it. */
function withTwins(words: readonly string[]): { readonly categories: Categories; readonly codes: readonly (readonly number[])[] } {
  const categories: (string | number | boolean)[] = [], truth = words.every(word => word === '0' || word === '1')
  const codes = words.map(word => {
    const alike: (string | number | boolean)[] = [word]
    if (String(Number(word)) === word && Number.isSafeInteger(Number(word))) alike.push(Number(word))
    if (truth) alike.push(word === '1')
    return alike.map(one => categories.push(one) - 1)
  })
  // a feature that no node asks for: any word will do
  return { categories: categories.length === 0 ? [''] : categories, codes }
}

/** The set is made when it is asked for: those of all words at once may be far larger than the file. */
const isWord = (feature: number, codes: readonly number[]): Question['node'] => ({
  feature, threshold: 0, flags: FLAG.set | FLAG.noNegative,
  get words(): Uint32Array {
    const words = new Uint32Array((Math.max(...codes) >>> 5) + 1)
    for (const code of codes) words[code >>> 5]! |= 1 << (code & 31)
    return words
  },
})
