import { fieldNamed, literal } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import type { Maker } from './scope.ts'
import type { Element } from './xml.ts'

/** Kernels by the element's name: x·v; (gamma x·v + coef0)^degree; e^(-gamma |x - v|²); tanh(gamma x·v + coef0). */
function kernelOf({ document }: Maker, element: Element): { readonly kernel: 'linear' | 'polynomial' | 'rbf' | 'sigmoid'; readonly gamma: number; readonly coef0: number; readonly degree: number } {
  const found = document.children(element, ...COMMON, 'LinearKernelType', 'PolynomialKernelType', 'RadialBasisKernelType', 'SigmoidKernelType', 'VectorDictionary', 'SupportVectorMachine').find(({ name }) => name.endsWith('KernelType'))
  if (found === undefined) throw document.broken(element, 'there is no kernel in it')
  document.attributes(found, 'gamma', 'coef0', 'degree', 'description')
  const kernel = ({ LinearKernelType: 'linear', PolynomialKernelType: 'polynomial', RadialBasisKernelType: 'rbf', SigmoidKernelType: 'sigmoid' } as const)[found.name as 'LinearKernelType']
  return { kernel, gamma: document.number(found, 'gamma', 1), coef0: document.number(found, 'coef0', kernel === 'linear' ? 0 : 1), degree: document.number(found, 'degree', 1) }
}

export const supportVectorMachine: Family = (element, { make, scope, target }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'threshold', 'svmRepresentation', 'classificationMethod', 'maxWins')
  const representation = document.choice(element, 'svmRepresentation', 'SupportVectors', 'SupportVectors', 'Coefficients'), kernel = kernelOf(make, element), dictionary = document.wanted(element, 'VectorDictionary'), vectorFields = document.wanted(dictionary, 'VectorFields')
  const fields = document.children(vectorFields, 'FieldRef', 'CategoricalPredictor').map(ref => {
    const field = fieldNamed(make, scope, ref, ref.attributes['field'] ?? document.text(ref, 'name'))
    return ref.name === 'FieldRef' ? field.value() : make.where(make.isMissing(field.value()), make.constant(NaN), make.binary('equal', field.value(), make.constant(literal(make, ref, field, document.text(ref, 'value')))))
  })
  make.at(element)
  const given = make.concat(fields), width = fields.length, vectors = new Map<string, Float64Array>()
  for (const instance of document.children(dictionary, 'VectorFields', 'VectorInstance').filter(({ name }) => name === 'VectorInstance')) {
    document.attributes(instance, 'id')
    const [content] = document.children(instance, 'Array', 'REAL-SparseArray'), vector = new Float64Array(width)
    if (content === undefined) throw document.broken(instance, 'there is no vector in it')
    if (content.name === 'Array') {
      const numbers = document.numbers(content)
      if (numbers.length !== width) throw document.broken(content, `${numbers.length} numbers for ${width} fields`)
      vector.set(numbers)
    } else {
      const words = (name: string): readonly string[] => (document.child(content, name)?.text ?? '').trim().split(/\s+/).filter(word => word !== ''), indices = words('Indices'), entries = words('REAL-Entries')
      if (indices.length !== entries.length) throw document.broken(content, `${indices.length} indices for ${entries.length} entries`)
      for (const [i, index] of indices.entries()) {
        const at = Number(index) - 1
        if (!(Number.isInteger(at) && at >= 0 && at < width)) throw document.broken(content, `the index ${index} of ${width} fields`)
        vector[at] = document.numberOf(content, entries[i]!)
      }
    }
    vectors.set(document.text(instance, 'id'), vector)
  }
  const machines = document.all(element, 'SupportVectorMachine').map(machine => {
    document.attributes(machine, 'targetCategory', 'alternateTargetCategory', 'threshold')
    make.at(machine)
    const coefficients = document.wanted(machine, 'Coefficients'), values = document.children(coefficients, 'Coefficient').map(coefficient => document.number(coefficient, 'value', 0)), absolute = document.number(coefficients, 'absoluteValue', 0)
    let sum: number
    if (representation === 'Coefficients') {
      if (values.length !== width) throw document.broken(coefficients, `${values.length} coefficients for ${width} fields`)
      sum = make.add({ op: 'linear', of: given, linear: { width, groups: 1, sums: 'float64', start: new Float64Array(1), weights: Float64Array.from(values), skipsNaN: false } })
    } else {
      const support = document.children(document.wanted(machine, 'SupportVectors'), 'SupportVector').map(reference => {
        const vector = vectors.get(document.text(reference, 'vectorId'))
        if (vector === undefined) throw document.broken(reference, `there is no vector '${reference.attributes['vectorId']}'`)
        return vector
      })
      if (support.length !== values.length) throw document.broken(machine, `${values.length} coefficients for ${support.length} vectors`)
      if (support.length === 0) sum = make.fixed(make.constant(0))
      else {
        const matrix = new Float64Array(support.length * width)
        for (const [i, vector] of support.entries()) matrix.set(vector, i * width)
        const products = make.add({ op: 'kernel', of: given, ...kernel, vectors: matrix })
        sum = make.add({ op: 'linear', of: products, linear: { width: support.length, groups: 1, sums: 'float64', start: new Float64Array(1), weights: Float64Array.from(values), skipsNaN: false } })
      }
    }
    return { machine, value: make.binary('add', sum, make.constant(absolute)), category: machine.attributes['targetCategory'], alternate: machine.attributes['alternateTargetCategory'], threshold: document.number(machine, 'threshold', document.number(element, 'threshold', 0)) }
  })
  if (machines.length === 0) throw document.broken(element, 'there is no <SupportVectorMachine> in it')
  make.at(element)
  if (document.text(element, 'functionName') === 'regression') return { predicted: machines[0]!.value }
  const classes = target?.classes ?? []
  if (classes.length === 0) throw document.unsupported(element, 'a classifier whose target has no values in the data dictionary')
  const indexOf = (name: string | undefined, machine: Element): number => {
    const at = name === undefined ? -1 : classes.indexOf(name)
    if (at < 0) throw document.broken(machine, `the category '${name}' is none of the target's values`)
    return at
  }
  const method = document.choice(element, 'classificationMethod', machines.length === 1 || machines.some(({ alternate }) => alternate !== undefined) ? 'OneAgainstOne' : 'OneAgainstAll', 'OneAgainstAll', 'OneAgainstOne')
  const first = (values: number, fn: 'argmax' | 'argmin'): number => make.where(make.add({ op: 'reduce', fn: 'count', of: values, size: classes.length }), make.add({ op: 'reduce', fn, of: values, size: classes.length }), make.constant(NaN))
  if (method === 'OneAgainstAll') {
    // the smallest value wins, with maxWins the largest
    const all = make.concat(classes.map(name => machines.find(({ category }) => category === name)?.value ?? make.constant(NaN)))
    return { predicted: first(all, element.attributes['maxWins'] === 'true' ? 'argmax' : 'argmin'), classes, probabilities: all }
  }
  const votes: (number | undefined)[] = classes.map(() => undefined)
  for (const { machine, value, category, alternate, threshold } of machines) {
    const below = indexOf(category, machine), above = alternate === undefined && classes.length === 2 ? 1 - below : indexOf(alternate, machine)
    // below the threshold the category, else the other one
    const is = make.binary(element.attributes['maxWins'] === 'true' ? 'greater' : 'less', value, make.constant(threshold)), missing = make.isMissing(value)
    for (const [at, vote] of [[below, is], [above, make.not(is)]] as const) {
      const known = make.where(missing, make.constant(NaN), vote)
      votes[at] = votes[at] === undefined ? known : make.binary('add', votes[at]!, known)
    }
  }
  const counts = make.concat(votes.map(vote => vote ?? make.constant(0))), shares = make.binary('divide', counts, make.constant(machines.length))
  return { predicted: first(shares, 'argmax'), classes, probabilities: shares }
}
