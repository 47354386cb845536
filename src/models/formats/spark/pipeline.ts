import { SluiceError } from '../../../core/errors.ts'
import type { Stage } from '../../stages/stages.ts'
import { FEATURES } from './features.ts'
import type { Folder } from './folder.ts'
import { broken } from './metadata.ts'
import type { Metadata } from './metadata.ts'
import { MODELS } from './models.ts'

export interface Pipeline {
  readonly stages: readonly Stage[]
  /** Names of its stages' classes, and the version of Spark. */
  readonly classes: readonly string[]
  readonly version: string
}

const DEPTH_MAX = 8, STAGES_MAX = 10_000

/** A pipeline, a model, or what was chosen by a search over them. */
export async function pipelineIn(folder: Folder): Promise<Pipeline> {
  const stages: Stage[] = [], classes: string[] = [], labelColumns = new Map<Stage, string>()
  let version = ''
  const read = async (folder: Folder, depth: number): Promise<void> => {
    const metadata = await folder.metadata(), { className, parameters } = metadata
    version ||= metadata.version
    if (depth > DEPTH_MAX || stages.length > STAGES_MAX) throw broken(folder.at, `pipelines in pipelines, more than ${DEPTH_MAX} deep, or more than ${STAGES_MAX} stages`)
    if (className === 'PipelineModel') {
      parameters.has('language')
      const uids = parameters.texts('stageUids'), digits = String(uids.length).length
      for (const [i, uid] of uids.entries()) await read(folder.inner(`stages/${String(i).padStart(digits, '0')}_${uid}`), depth + 1)
      return parameters.done()
    }
    if (/^tuning\.(?:CrossValidator|TrainValidationSplit)Model$/.test(className)) return read(folder.inner('bestModel'), depth + 1)
    const made = await stagesIn(folder, metadata)
    parameters.done()
    classes.push(className.slice(className.lastIndexOf('.') + 1))
    const labelColumn = parameters.column('labelCol')
    for (const stage of made) {
      stages.push(stage)
      if (labelColumn !== undefined) labelColumns.set(stage, labelColumn)
    }
  }
  await read(folder, 0)
  const words = new Map(stages.flatMap(stage => stage.stage === 'string_indexer' ? [[stage.output, stage.labels] as const] : []))
  return { stages: stages.map(stage => labelled(stage, words.get(labelColumns.get(stage) ?? ''))), classes, version }
}

async function stagesIn(folder: Folder, metadata: Metadata): Promise<readonly Stage[]> {
  const { className } = metadata
  if (Object.hasOwn(FEATURES, className)) return FEATURES[className]!(folder, metadata)
  if (Object.hasOwn(MODELS, className)) return [await MODELS[className]!(folder, metadata)]
  throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `a stage of class ${className.slice(0, 200)}`, {
    at: folder.at === '' ? 'metadata' : folder.at, why: WHY.get(className) ?? 'this class is not understood', fix: 'leave it out of the pipeline that is saved, and compute its columns before',
  })
}

const TEXTS = 'it works on texts, whose words would have to be cut and hashed as Spark does it'
const WHY = new Map<string, string>([
  ...['Tokenizer', 'RegexTokenizer', 'StopWordsRemover', 'NGram', 'HashingTF', 'CountVectorizerModel', 'IDFModel', 'Word2VecModel', 'FeatureHasher'].map(name => [`feature.${name}`, TEXTS] as const),
  ['feature.SQLTransformer', 'it runs SQL'] as const, ['feature.RFormulaModel', 'it is a formula that Spark turns into other stages'] as const,
])

/** The words of the classes, where the pipeline made the label of them. */
function labelled(stage: Stage, labels: readonly string[] | undefined): Stage {
  if (labels === undefined) return stage
  switch (stage.stage) {
    case 'binary_logistic': case 'linear_svc': case 'gbt_classifier': case 'fm_classifier': return fits(stage, 2, labels)
    case 'multinomial_logistic': return fits(stage, stage.intercepts.length, labels)
    case 'tree_classifier': return fits(stage, stage.classes, labels)
    case 'naive_bayes': return fits(stage, stage.pi.length, labels)
    case 'mlp': return fits(stage, stage.layers.at(-1)!, labels)
    case 'one_vs_rest': return fits(stage, stage.models.length, labels)
    default: return stage
  }
}
const fits = <S extends Stage>(stage: S, classes: number, labels: readonly string[]): S => labels.length === classes ? { ...stage, labels } : stage
