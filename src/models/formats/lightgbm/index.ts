import { SluiceError } from '../../../core/errors.ts'
import type { Format, ReadOptions } from '../../../core/models.ts'
import { groupsFit, signatureOf } from '../../objectives.ts'
import { forest } from '../../trees.ts'
import type { TreeEnsemble } from '../../trees.ts'
import { beginning, findFile } from '../files.ts'
import { columnsOf } from './columns.ts'
import { objectiveOf } from './objectives.ts'
import { sectionsOf } from './text.ts'
import { treeOf } from './trees.ts'

/* Models saved by LightGBM as text (booster.save_model; file versions v2 to v4; tested with 3.3 and 4.7).

   Understood: gbdt, dart, goss and rf (average_output); all objectives of 4.7, with sqrt and sigmoid; categorical splits with the categories
   of a pandas data frame (texts, numbers, booleans); zero_as_missing; linear trees. LightGBM leaves the trees after the best iteration out
   when it saves, so all trees of the file are used.
   Refused by name: other objectives; a pandas_categorical whose columns cannot be told (ordered categories beside others).
   Exactness: doubles throughout, the sum begins at 0 in the order of the trees. What is at most 1e-35 (as float32) counts as 0, as LightGBM
   takes it when it reads a row. */
export const lightgbm: Format = {
  name: 'lightgbm',
  title: 'LightGBM text: gbdt, dart, goss, rf, linear trees',
  detect: async files => await findFile(files, EXTENSIONS, looksRight) !== undefined,
  read: async (files, options) => {
    const file = await findFile(files, EXTENSIONS, looksRight)
    if (file === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no LightGBM model', { at: files.names[0] ?? '' })
    return readModel(file.name, new TextDecoder().decode(file.bytes), options)
  },
}

const EXTENSIONS = ['txt', 'model', 'lgb', 'lgbm']
const looksRight = (bytes: Uint8Array): boolean => /^tree\r?\nversion=/.test(beginning(bytes, 32))

function readModel(file: string, content: string, options: ReadOptions): TreeEnsemble {
  const text = sectionsOf(file, content)
  const { header, trees } = text
  const version = header.text('version')
  if (!/^v[234]$/.test(version)) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: the file version '${version.slice(0, 20)}' is not known`, { at: 'header' })
  const groups = header.has('num_tree_per_iteration') ? header.count('num_tree_per_iteration') : header.count('num_class')
  if (groups < 1 || !groupsFit(groups, trees.length) || trees.length % groups !== 0) throw header.broken(`${trees.length} trees for ${groups} groups`)
  const sizes = header.maybe('tree_sizes')?.split(' ').filter(word => word !== '').length
  if (sizes !== undefined && sizes !== trees.length) throw header.broken(`${trees.length} trees where tree_sizes says ${sizes}`)

  const objective = objectiveOf(header.maybe('objective'), groups)
  if (objective === undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: the objective '${header.text('objective').slice(0, 60)}' is not known`, { at: 'header' })
  const columns = columnsOf(file, text, options)
  const grown = forest(file, columns.length, 1)
  for (const tree of trees) grown.grow(treeOf(tree, columns.length))
  const { arrays, deepest, bytes } = grown.done()
  const averaged = header.has('average_output')
  return {
    ...arrays, kind: 'trees', format: 'lightgbm', width: columns.length, groups, inputs: 'float64', sums: 'float64', bytes,
    start: new Float64Array(groups), zero: Math.fround(1e-35), divisor: averaged ? Math.max(1, trees.length / groups) : 1, objective, scale: undefined,
    group: Int32Array.from(trees, (_, i) => i % groups),
    signature: signatureOf(columns, 'float64', groups, objective),
    raw: { predict: 'prediction', raw: 'margin' },
    facts: {
      library: `lightgbm, file version ${version}`, objective: header.maybe('objective') ?? 'custom', boosting: text.parameters.get('boosting') ?? (averaged ? 'rf' : 'gbdt'),
      features: columns.length, ...(groups > 1 ? { groups } : {}), trees: trees.length, 'trees used': `all ${trees.length}`, deepest, leaves: arrays.leaves.length,
      ...(arrays.linear === undefined ? {} : { 'linear leaves': 'yes' }),
    },
  }
}
