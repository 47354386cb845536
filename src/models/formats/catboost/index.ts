import { SluiceError } from '../../../core/errors.ts'
import type { Format, ReadOptions } from '../../../core/models.ts'
import { programBuilder } from '../../builder.ts'
import type { Program } from '../../program.ts'
import { forest } from '../../trees.ts'
import type { Trees } from '../../trees.ts'
import { beginning, findFile } from '../files.ts'
import { place } from '../place.ts'
import type { Place, Value } from '../place.ts'
import { answersOf } from './answers.ts'
import { featuresOf } from './features.ts'
import { infoOf } from './info.ts'
import { known } from './known.ts'
import { groupsOf, nestedTree, obliviousTree } from './trees.ts'

/* Models saved by CatBoost as JSON (tested with 1.2).

   Understood: symmetric trees, Depthwise and Lossguide; numbers with the three rules for NaN; categories compared as words (one-hot), their words
   as the file holds them when it was saved with `pool`; scores of several numbers; scale and bias; all losses of 1.2.
   Refused by name: target statistics (CTR), other losses, the binary form (.cbm). Text and embedding features CatBoost itself saves as .cbm only.
   Exactness: inputs are rounded to float32 and compared as such; leaves are doubles, added in the order of the trees; then times the scale,
   plus the bias. */
export const catboost: Format = {
  name: 'catboost',
  title: 'CatBoost .json: symmetric and other trees, one-hot categories',
  detect: async files => await findFile(files, EXTENSIONS, looksRight) !== undefined,
  read: async (files, options) => {
    const file = await findFile(files, EXTENSIONS, looksRight)
    if (file === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no CatBoost model', { at: files.names[0] ?? '' })
    if (isBinary(file.bytes)) {
      throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file.name} is of CatBoost's binary form`, {
        at: file.name, why: 'only its JSON is read', fix: "save it as JSON: CatBoost().load_model('model.cbm').save_model('model.json', format='json', pool=train)",
      })
    }
    return readModel(file.name, documentOf(file.name, file.bytes), options)
  },
}

const EXTENSIONS = ['json', 'cbm']
const isBinary = (bytes: Uint8Array): boolean => beginning(bytes, 4) === 'CBM1'
// its keys come in the order of the alphabet
const looksRight = (bytes: Uint8Array): boolean => /^\s*\{\s*"(?:features_info|ctr_data)"\s*:/.test(beginning(bytes, 64)) || isBinary(bytes)

function documentOf(file: string, bytes: Uint8Array): Place {
  try {
    return place(file, '', JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Value)
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause
    throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: the JSON cannot be read: ${cause.message}`, { at: file, cause })
  }
}

function readModel(file: string, document: Place, options: ReadOptions): Program {
  known(file, document, ['features_info', 'ctr_data', 'model_info', 'oblivious_trees', 'trees', 'scale_and_bias'])
  const { columns, unnamed, questions } = featuresOf(file, document.at('features_info'), options)
  const info = infoOf(file, document.maybe('model_info'))
  const isOblivious = document.maybe('oblivious_trees') !== undefined
  if (isOblivious && document.maybe('trees') !== undefined) throw document.broken('it has trees of two kinds')
  const trees = document.at(isOblivious ? 'oblivious_trees' : 'trees').items()
  if (trees.length === 0) throw document.broken('it has no trees')

  const groups = groupsOf(file, isOblivious, trees[0]!), width = columns.length, growing = forest(file, width, groups)
  for (const [i, tree] of trees.entries()) growing.grow(isOblivious ? obliviousTree(file, tree, i, questions, groups) : nestedTree(tree, i, questions, groups))
  const { arrays, deepest } = growing.done()
  const core: Trees = { ...arrays, width, groups, inputs: 'float32', sums: 'float64', start: new Float64Array(groups), zero: 0, group: new Int32Array(trees.length), scale: undefined }

  const built = programBuilder(file, width), sums = built.add({ op: 'trees', of: 0, trees: core }, 'trees')
  const { outputs, specs, raw } = answersOf(file, scaled(document.maybe('scale_and_bias'), sums, built), built, info)
  return {
    kind: 'program', format: 'catboost', width, inputs: 'float32', steps: built.steps, outputs, refusals: [], raw, bytes: built.bytes(),
    signature: { inputs: [{ name: 'features', dtype: 'float32', shape: [-1, width], columns, ...(unnamed ? { unnamed } : {}) }], outputs: specs },
    facts: {
      library: `catboost ${info.version}`, loss: info.loss ?? 'not in the file: raw scores only', features: width, ...(groups > 1 ? { groups } : {}),
      trees: trees.length, kind: isOblivious ? 'symmetric' : 'not symmetric', deepest, leaves: arrays.leaves.length / groups,
    },
  }
}

/** [scale, [bias]], one bias a score, or none. */
function scaled(pair: Place | undefined, sums: number, built: ReturnType<typeof programBuilder>): number {
  if (pair === undefined) return sums
  const [scale, biases] = Array.isArray(pair.value) ? pair.value as readonly Value[] : [], groups = built.width(sums)
  const bias = typeof biases === 'number' ? [biases] : biases ?? []
  if (typeof scale !== 'number' || !Number.isFinite(scale) || !isNumbers(bias) || bias.length !== 0 && bias.length !== groups) throw pair.broken(`a scale and ${groups} biases belong here`)
  const times = scale === 1 ? sums : built.add({ op: 'binary', fn: 'multiply', a: sums, b: Float64Array.of(scale) }, pair.path)
  return bias.every(number => number === 0) ? times : built.add({ op: 'binary', fn: 'add', a: times, b: Float64Array.from(bias) }, pair.path)
}
const isNumbers = (value: Value): value is readonly number[] => Array.isArray(value) && value.every(number => typeof number === 'number')
