import { derived } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { largest } from './mining.ts'
import { softmax } from './regression.ts'
import type { Maker } from './scope.ts'
import type { Element } from './xml.ts'

const ACTIVATIONS = ['threshold', 'logistic', 'tanh', 'identity', 'exponential', 'reciprocal', 'square', 'Gauss', 'sine', 'cosine', 'Elliott', 'arctan', 'rectifier', 'radialBasis'] as const
type Activation = typeof ACTIVATIONS[number]

function activated(make: Maker, element: Element, how: Activation, x: number, threshold: number): number {
  const one = make.fixed(make.constant(1)), { float32 } = make
  switch (how) {
    case 'identity': return x
    case 'rectifier': return make.unary('relu', x)
    case 'logistic': return make.math('divide', one, make.math('add', make.unary('exp', make.unary('negate', x), float32), make.constant(1)))
    case 'tanh': return make.unary('tanh', x, float32)
    case 'exponential': return make.unary('exp', x, float32)
    case 'reciprocal': return make.unary('reciprocal', x, float32)
    case 'square': return make.unary('square', x, float32)
    case 'Gauss': return make.unary('exp', make.unary('negate', make.unary('square', x)), float32)
    case 'sine': return make.unary('sin', x, float32)
    case 'cosine': return make.unary('cos', x, float32)
    case 'Elliott': return make.math('divide', x, make.math('add', make.unary('absolute', x), make.constant(1)))
    case 'arctan': return make.math('divide', make.math('multiply', make.unary('atan', x), make.constant(2)), make.constant(Math.PI))
    case 'threshold': return make.where(make.isMissing(x), make.constant(NaN), make.binary('greater', x, make.constant(threshold)))
    case 'radialBasis': throw make.document.unsupported(element, 'activationFunction = \'radialBasis\'')
  }
}

export const neuralNetwork: Family = (element, { make, scope, target }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'activationFunction', 'normalizationMethod', 'threshold', 'numberOfLayers', 'width', 'altitude')
  const children = document.children(element, ...COMMON, 'NeuralInputs', 'NeuralLayer', 'NeuralOutputs'), inputs = document.wanted(element, 'NeuralInputs'), outputs = document.wanted(element, 'NeuralOutputs')
  const activationOf = (layer: Element): Activation => document.choice<Activation>(layer, 'activationFunction', document.choice<Activation>(element, 'activationFunction', 'identity', ...ACTIVATIONS), ...ACTIVATIONS)
  let ids = new Map<string, number>()
  const inputValues = document.children(inputs, 'NeuralInput').map((input, i) => {
    ids.set(document.text(input, 'id'), i)
    const field = derived(make, scope, document.wanted(input, 'DerivedField'), `neuron ${document.text(input, 'id')}`)
    return field.value()
  })
  make.at(element)
  let layerValue = make.concat(inputValues)
  for (const layer of children.filter(({ name }) => name === 'NeuralLayer')) {
    document.attributes(layer, 'numberOfNeurons', 'activationFunction', 'normalizationMethod', 'threshold')
    make.at(layer)
    const neurons = document.children(layer, 'Neuron'), width = make.width(layerValue), weights = new Float64Array(width * neurons.length), bias = new Float64Array(neurons.length), next = new Map<string, number>()
    for (const [j, neuron] of neurons.entries()) {
      document.attributes(neuron, 'id', 'bias')
      next.set(document.text(neuron, 'id'), j)
      bias[j] = document.number(neuron, 'bias', 0)
      for (const con of document.children(neuron, 'Con')) {
        document.attributes(con, 'from', 'weight')
        const from = ids.get(document.text(con, 'from'))
        if (from === undefined) throw document.unsupported(con, `a connection from '${con.attributes['from']}', which is no neuron of the layer before`)
        weights[from * neurons.length + j] = document.number(con, 'weight')
      }
    }
    const round = make.float32 ? Float64Array.from(weights, Math.fround) : weights
    const sums = make.add({ op: 'linear', of: layerValue, linear: { width, groups: neurons.length, sums: make.float32 ? 'float32' : 'float64', start: new Float64Array(neurons.length), weights: round, skipsNaN: false } })
    layerValue = activated(make, layer, activationOf(layer), make.math('add', sums, make.float32 ? bias.map(Math.fround) : bias), document.number(layer, 'threshold', document.number(element, 'threshold', 0)))
    const normalization = document.choice(layer, 'normalizationMethod', document.choice(element, 'normalizationMethod', 'none', 'none', 'softmax', 'simplemax'), 'none', 'softmax', 'simplemax')
    if (normalization === 'softmax') layerValue = softmax(make, layerValue)
    else if (normalization === 'simplemax') layerValue = make.math('divide', layerValue, make.add({ op: 'reduce', fn: 'sum', of: layerValue, size: neurons.length }))
    ids = next
  }
  const answers = document.children(outputs, 'NeuralOutput').map(output => {
    document.attributes(output, 'outputNeuron')
    const at = ids.get(document.text(output, 'outputNeuron')), expression = document.wanted(output, 'DerivedField').children.find(({ name }) => name !== 'Extension')
    if (at === undefined || expression === undefined) throw document.broken(output, `the neuron '${output.attributes['outputNeuron']}' is not in the last layer`)
    return { element: output, value: make.select(layerValue, at), expression }
  })
  if (document.text(element, 'functionName') === 'regression') {
    const [{ value, expression, element: output }] = answers as [typeof answers[number]]
    make.at(output)
    switch (expression.name) {
      case 'FieldRef': return { predicted: value }
      case 'NormContinuous': {
        // the other way: from the norm to the number
        const points = document.all(expression, 'LinearNorm').map(norm => ({ from: document.number(norm, 'norm'), to: document.number(norm, 'orig') }))
        if (points.length !== 2) throw document.unsupported(expression, `${points.length} <LinearNorm> of an output`)
        const [a, b] = points as [typeof points[number], typeof points[number]]
        return { predicted: make.binary('add', make.binary('multiply', make.binary('divide', make.binary('subtract', value, make.constant(a.from)), make.constant(b.from - a.from)), make.constant(b.to - a.to)), make.constant(a.to)) }
      }
      default: throw document.unsupported(expression, 'this expression of an output')
    }
  }
  const classes = answers.map(({ expression }) => expression.name === 'NormDiscrete' ? document.text(expression, 'value') : undefined)
  if (classes.some(name => name === undefined)) throw document.unsupported(outputs, 'a classifier whose outputs are no categories')
  const order = (target?.classes.length ?? 0) > 0 ? target!.classes : classes as string[]
  const all = make.concat(answers.map(({ value }) => value)), probabilities = make.add({ op: 'select', of: all, columns: Int32Array.from(order, name => classes.indexOf(name)), fill: 0 })
  return { predicted: largest(make, probabilities), classes: order, probabilities }
}

