import { SluiceError } from '../../../core/errors.ts'
import type { Files, Format, Model, RawOutput } from '../../../core/models.ts'
import type { DType, TensorSpec } from '../../../core/tensors.ts'
import type { Program, ProgramOutput } from '../../program.ts'
import { beginning, findFile } from '../files.ts'
import { anomalyDetection } from './anomaly.ts'
import { associationModel } from './association.ts'
import { naiveBayes } from './bayes.ts'
import { clusteringModel, nearestNeighborModel } from './distances.ts'
import { Document } from './document.ts'
import { derived, fieldOf } from './expressions.ts'
import type { Context, Family, Result, Target } from './family.ts'
import { generalRegression } from './general.ts'
import { miningModel } from './mining.ts'
import { neuralNetwork } from './network.ts'
import { regressionModel } from './regression.ts'
import { ruleSet } from './rules.ts'
import { activeField, dataFields, innerScope, inputOf, outputFields } from './schema.ts'
import type { DataField } from './schema.ts'
import { scorecard } from './scorecard.ts'
import { Maker, Scope } from './scope.ts'
import type { Field } from './scope.ts'
import { targeted } from './targets.ts'
import { treeModel } from './trees.ts'
import { supportVectorMachine } from './vectors.ts'
import { parseXml } from './xml.ts'
import type { Element } from './xml.ts'

/** Models by the names of their elements. */
const FAMILIES: { readonly [name: string]: Family } = {
  RegressionModel: regressionModel, TreeModel: treeModel, MiningModel: miningModel, NeuralNetwork: neuralNetwork, SupportVectorMachineModel: supportVectorMachine, ClusteringModel: clusteringModel,
  NearestNeighborModel: nearestNeighborModel, NaiveBayesModel: naiveBayes, GeneralRegressionModel: generalRegression, Scorecard: scorecard, RuleSetModel: ruleSet, AnomalyDetectionModel: anomalyDetection,
  AssociationModel: associationModel,
}
const VERSIONS = /^(3\.[0-2]|4\.[0-4](\.\d+)?)$/

/** PMML, the Predictive Model Markup Language of the Data Mining Group, 3.0 to 4.4: https://dmg.org/pmml/v4-4-1/GeneralStructure.html */
export const pmml: Format = {
  name: 'pmml',
  title: 'PMML 3.0 to 4.4: trees, forests, regressions, networks and more, with their transformations',
  detect: async files => await find(files) !== undefined,
  async read(files) {
    const file = await find(files)
    if (file === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'no PMML among these files', { at: files.names[0] ?? '' })
    return modelOf(file.name, parseXml(file.name, file.bytes))
  },
}
const find = (files: Files): ReturnType<typeof findFile> => findFile(files, ['pmml', 'xml'], bytes => {
  const text = beginning(bytes, 4000).replaceAll('\0', '')
  return /^[^<]{0,4}\s*<(\?xml|!--|!DOCTYPE|PMML|[\w-]+:PMML)/.test(text) && /<(?:[\w-]+:)?PMML[\s>]/.test(text)
})

function modelOf(file: string, root: Element): Model {
  const document = new Document(file)
  if (root.name !== 'PMML') throw document.broken(root, 'this is no PMML')
  document.attributes(root, 'version', 'x-baseVersion', 'xsi:schemaLocation', 'schemaLocation')
  const version = document.text(root, 'version')
  if (!VERSIONS.test(version)) throw document.unsupported(root, `version ${version}`, 'versions 3.0 to 4.4 are read')
  const models = document.children(root, 'Header', 'DataDictionary', 'TransformationDictionary', ...Object.keys(FAMILIES)).filter(({ name }) => Object.hasOwn(FAMILIES, name)), [model] = models
  if (model === undefined) throw document.broken(root, 'there is no model in it')
  if (models.length > 1) throw document.unsupported(root, `${models.length} models in one document`, 'keep the one that is wanted')
  const dictionary = dataFields(document, document.wanted(root, 'DataDictionary')), schema = document.wanted(model, 'MiningSchema')

  // columns: what the outermost schema takes, in its order
  const mining = document.children(schema, 'MiningField'), isActive = ({ attributes: { usageType = 'active' } }: Element): boolean => usageType === 'active'
  for (const field of mining) document.choice(field, 'usageType', 'active', 'active', 'target', 'predicted', 'supplementary', 'group', 'order', 'frequencyWeight', 'analysisWeight')
  const active = mining.filter(isActive).map(field => {
    const name = document.text(field, 'name'), data = dictionary.get(name)
    if (data === undefined) throw document.broken(field, `the field '${name}' is not in the data dictionary`)
    return { mining: field, input: inputOf(data) }
  })
  const columns = active.map(({ input }) => input.column), make = new Maker(document, columns), numbers = active.filter(({ input: { field } }) => field.type !== 'string' && field.type !== 'boolean')
  make.inputs32 = numbers.length > 0 && numbers.every(({ input }) => input.field.type === 'float')
  make.columnsRound = !make.inputs32
  const scope = new Scope()
  for (const [at, { mining: field, input }] of active.entries()) scope.define(activeField(make, field, input, at))
  const transformations = document.child(root, 'TransformationDictionary')
  for (const element of transformations === undefined ? [] : document.children(transformations, 'DefineFunction', 'DerivedField')) {
    if (element.name === 'DefineFunction') make.functions.set(document.text(element, 'name'), element)
    else scope.define(derived(make, scope, element))
  }

  const targetElement = mining.find(({ attributes: { usageType } }) => usageType === 'target' || usageType === 'predicted'), outputs: { readonly name: string; readonly field: Field; readonly feature: string; readonly element: Element }[] = []
  const result = readModel(make, dictionary, model, scope, outputs, true)
  return program(make, { file, version, model, targetName: targetElement?.attributes['name'], target: targetElement === undefined ? undefined : dictionary.get(targetElement.attributes['name'] ?? '') }, result, outputs)
}

/** A model: its schema, its transformations, what it answers, its targets and its outputs, in this order. */
function readModel(make: Maker, dictionary: ReadonlyMap<string, DataField>, element: Element, outer: Scope, into: { name: string; field: Field; feature: string; element: Element }[], outermost = false): Result {
  const { document } = make, family = Object.hasOwn(FAMILIES, element.name) ? FAMILIES[element.name] : undefined
  if (family === undefined) throw document.unsupported(element, 'this kind of model')
  const around = make.float32, schema = document.child(element, 'MiningSchema')
  make.float32 = document.choice(element, 'x-mathContext', around ? 'float' : 'double', 'float', 'double') === 'float'
  try {
    const scope = outermost ? outer : innerScope(make, outer, schema), transformations = document.child(element, 'LocalTransformations')
    for (const field of transformations === undefined ? [] : document.children(transformations, 'DerivedField')) scope.define(derived(make, scope, field))
    const mining = schema === undefined ? undefined : document.all(schema, 'MiningField').find(({ attributes: { usageType } }) => usageType === 'target' || usageType === 'predicted'), name = mining?.attributes['name'], data = name === undefined ? undefined : dictionary.get(name)
    const target: Target | undefined = name === undefined ? undefined : { name, field: data === undefined ? undefined : fieldOf(name, data.type, data.optype, 0), classes: data?.valid ?? [] }
    const context: Context = { make, scope, target, model: (inner, of) => readModel(make, dictionary, inner, of, into) }
    const result = targeted(make, element, family(element, context))
    for (const { output, field } of outputFields(make, scope, element, (feature, at) => featureOf(make, result, feature, at))) {
      outer.define(field)
      // of models inside only what is meant for outside
      if (outermost || output.isFinal) into.push({ name: output.name, field, feature: output.feature, element: output.element })
    }
    return result
  } finally { make.float32 = around }
}

/** What an output field asks for. */
function featureOf(make: Maker, { predicted, classes, probabilities, entities, features }: Result, feature: string, element: Element): Field {
  const { document } = make
  const own = features !== undefined && Object.hasOwn(features, feature) ? features[feature] : undefined
  if (own !== undefined) return own(element)
  switch (feature) {
    case 'predictedValue': return classes === undefined ? fieldOf('', 'double', 'continuous', predicted) : fieldOf('', 'string', 'categorical', predicted, [...classes])
    case 'probability': {
      if (classes === undefined || probabilities === undefined) throw document.unsupported(element, `feature = '${feature}' of a model that has none`)
      const value = element.attributes['value']
      if (value === undefined) return fieldOf('', 'double', 'continuous', make.add({ op: 'take', of: probabilities, at: predicted }))
      const at = classes.indexOf(value)
      if (at < 0) throw document.broken(element, `there is no class '${value}'`)
      return fieldOf('', 'double', 'continuous', make.select(probabilities, at))
    }
    case 'entityId': case 'clusterId': {
      if (entities === undefined || Number(element.attributes['rank'] ?? 1) !== 1) break
      return fieldOf('', 'string', 'categorical', entities.value, [...entities.names])
    }
    case 'affinity': case 'entityAffinity': case 'clusterAffinity': {
      if (entities?.affinities === undefined) break
      const value = element.attributes['value']
      if (value === undefined) return fieldOf('', 'double', 'continuous', make.add({ op: 'take', of: entities.affinities, at: entities.value }))
      const at = entities.names.indexOf(value)
      if (at < 0) throw document.broken(element, `there is no entity '${value}'`)
      return fieldOf('', 'double', 'continuous', make.select(entities.affinities, at))
    }
    default:
  }
  throw document.unsupported(element, `feature = '${feature}'`)
}

interface About { readonly file: string; readonly version: string; readonly model: Element; readonly targetName: string | undefined; readonly target: DataField | undefined }

function program(make: Maker, { file, version, model, targetName, target }: About, result: Result, further: readonly { readonly name: string; readonly field: Field; readonly feature: string; readonly element: Element }[]): Program {
  const specs: TensorSpec[] = [], outputs: ProgramOutput[] = [], raw: { [column: string]: string | RawOutput } = {}, named = new Set<string>()
  const put = (name: string, value: number, dtype: DType, shape: readonly number[], labels?: readonly (string | number)[], columns?: readonly string[]): void => {
    named.add(name)
    specs.push({ name, dtype, shape, ...columns === undefined ? {} : { columns: columns.map(column => ({ name: column })) } })
    outputs.push({ value, ...labels === undefined ? {} : { labels } })
  }
  const { predicted, classes, probabilities } = result, own = targetName ?? '_result'
  if (classes === undefined) {
    put('prediction', predicted, 'float64', [-1])
    raw[own] = 'prediction'
  } else {
    put('label', predicted, 'string', [-1], classes)
    raw[own] = 'label'
    if (probabilities !== undefined) {
      put('probabilities', probabilities, 'float64', [-1, classes.length], undefined, classes)
      if (classes.length === 2) put('probability', make.select(probabilities, 1), 'float64', [-1])
    }
  }
  const columnOf = new Map(classes?.map(name => [name, `probability(${name})`]))
  for (const { name, field, feature, element } of further) {
    const value = element.attributes['value']
    if (feature === 'probability' && classes !== undefined && value !== undefined) { columnOf.set(value, name); continue }
    if (named.has(name)) throw make.document.broken(element, `the output '${name}' is there twice`)
    const { words, type } = field
    if (words !== undefined) put(name, field.value(), 'string', [-1], words)
    else put(name, field.value(), type === 'boolean' ? 'bool' : type === 'integer' ? 'int64' : 'float64', [-1])
    raw[name] = name
  }
  if (probabilities !== undefined && classes !== undefined && (further.length === 0 || further.some(({ feature }) => feature === 'probability'))) raw['probability'] = { output: 'probabilities', columns: classes.map(name => columnOf.get(name)!) }
  const input: TensorSpec = { name: 'features', dtype: make.inputs32 ? 'float32' : 'float64', shape: [-1, make.columns.length], columns: make.columns.map(column => column.categories === undefined ? column : { ...column, categories: [...column.categories] }) }
  return {
    kind: 'program', format: 'pmml', signature: { inputs: [input], outputs: specs }, bytes: make.builder.bytes(), raw, width: make.columns.length, inputs: make.inputs32 ? 'float32' : 'float64', steps: make.builder.steps, outputs, refusals: make.refusals,
    facts: { file, version, model: model.name, function: model.attributes['functionName'] ?? '', ...target === undefined ? {} : { target: target.name }, steps: make.builder.steps.length },
  }
}
