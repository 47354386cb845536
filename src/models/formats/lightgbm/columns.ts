import { SluiceError } from '../../../core/errors.ts'
import type { ReadOptions } from '../../../core/models.ts'
import type { Column } from '../../../core/tensors.ts'
import { difference, isCategories, withCategories } from '../../categories.ts'
import type { Categories } from '../../categories.ts'
import type { Text } from './text.ts'

/** Features in the file's order. NaN is allowed everywhere; a value that is not among the categories is NaN. Categories that are given must be
    those of the file, which holds them whole. */
export function columnsOf(file: string, text: Text, { categories: given }: ReadOptions): readonly Column[] {
  const { header } = text
  const width = header.count('max_feature_idx') + 1
  const names = header.text('feature_names').split(' ').filter(name => name !== '')
  if (names.length !== width) throw header.broken(`${names.length} feature names for ${width} features`)
  const categories = categoriesByColumn(file, text, width)
  const columns = names.map((name, i): Column => {
    const list = categories.get(i)
    return list === undefined ? { name, missing: true } : { name, missing: true, categories: list, unknown: NaN }
  })
  return withCategories(file, columns, given, (i, list) => {
    const own = categories.get(i)
    return own === undefined ? 'LightGBM has no names of categories for this feature: its values are numbers' : difference(own, list)
  })
}

/** pandas_categorical holds one list for each column that was categorical in the data frame, in the order of the columns, but not which
    columns. They are those of the parameter categorical_feature, or those that feature_infos shows as a list of codes (a:b:c). */
function categoriesByColumn(file: string, text: Text, width: number): Map<number, Categories> {
  const lists = parse(text)
  if (lists.length === 0) return new Map()
  const infos = text.header.text('feature_infos').split(' ')
  const listed = infos.flatMap((info, i) => /^-?\d+(:-?\d+)*$/.test(info) ? [i] : [])
  const named = (text.parameters.get('categorical_feature') ?? '').split(',').filter(word => /^\d+$/.test(word)).map(Number).sort((a, b) => a - b)
  for (const columns of [named, listed]) {
    if (columns.length === lists.length && columns.every((column, i) => column < width && codesFit(infos[column], lists[i]!))) return new Map(columns.map((column, i) => [column, lists[i]!]))
  }
  throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: pandas_categorical has ${lists.length} lists, and which columns they belong to cannot be told`, {
    at: 'pandas_categorical', why: 'the data frame had ordered categories, or columns that were made categorical by their number',
    fix: 'train with unordered categories, or with codes instead of categories',
  })
}

/** The codes that were seen in training: -1 is missing. */
function codesFit(info: string | undefined, list: Categories): boolean {
  if (info === undefined || info === 'none') return true
  const codes = info.split(':').map(Number)
  return codes.every(code => code < list.length)
}

function parse(text: Text): readonly Categories[] {
  const json = text.pandasCategorical?.trim()
  if (json === undefined || json === '' || json === 'null') return []
  let lists: unknown
  try {
    lists = JSON.parse(json)
  } catch {
    throw text.header.broken('pandas_categorical is not JSON: the last line is cut off')
  }
  if (!Array.isArray(lists) || !lists.every(isCategories)) throw text.header.broken('pandas_categorical is not a list of lists of texts, numbers and booleans')
  return lists
}
