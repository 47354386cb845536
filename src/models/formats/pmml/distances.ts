import { cells, fieldNamed, fieldOf } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { largest } from './mining.ts'
import type { Field, Maker } from './scope.ts'
import type { Element } from './xml.ts'

const MEASURES = ['euclidean', 'squaredEuclidean', 'chebychev', 'cityBlock', 'minkowski'] as const
const COMPARISONS = ['absDiff', 'gaussSim', 'delta', 'equal', 'table'] as const

interface Measure { readonly name: typeof MEASURES[number]; readonly p: number }

/** A <ComparisonMeasure> of kind distance; missing values are refused by name: their weights are a matter of their own. */
function measureOf({ document }: Maker, element: Element): Measure {
  document.attributes(element, 'kind', 'compareFunction', 'minimum', 'maximum')
  document.choice(element, 'kind', 'distance', 'distance')
  document.choice(element, 'compareFunction', 'absDiff', 'absDiff')
  const [measure] = document.children(element, ...MEASURES)
  if (measure === undefined) throw document.broken(element, 'there is no measure in it')
  return { name: measure.name as Measure['name'], p: document.number(measure, 'p-parameter', 2) }
}

/** Distances to points [n, width], of fields with weights. */
function distances(make: Maker, fields: readonly Field[], weights: readonly number[], points: Float64Array, { name, p }: Measure): number {
  const { value, columns } = make.matrix(fields), given = make.select(value, ...columns)
  const metric = ({ euclidean: 'euclidean', squaredEuclidean: 'squared', chebychev: 'chebyshev', cityBlock: 'manhattan', minkowski: 'minkowski' } as const)[name]
  if (weights.every(weight => weight === 1)) return make.add({ op: 'distance', of: given, metric, points, ...metric === 'minkowski' ? { p } : {} })
  // a weight times the difference to the power of the measure: both sides times its root
  const power = metric === 'squared' || metric === 'euclidean' ? 2 : metric === 'minkowski' ? p : 1, roots = Float64Array.from(weights, weight => weight ** (1 / power)), width = weights.length
  return make.add({ op: 'distance', of: make.binary('multiply', given, roots), metric, points: points.map((x, i) => x * roots[i % width]!), ...metric === 'minkowski' ? { p } : {} })
}

export const clusteringModel: Family = (element, { make, scope }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'modelClass', 'numberOfClusters')
  document.choice(element, 'modelClass', 'centerBased', 'centerBased')
  const children = document.children(element, ...COMMON, 'ComparisonMeasure', 'ClusteringField', 'Cluster')
  const measure = measureOf(make, document.wanted(element, 'ComparisonMeasure')), fields: Field[] = [], weights: number[] = []
  for (const field of children.filter(({ name }) => name === 'ClusteringField')) {
    document.attributes(field, 'field', 'isCenterField', 'fieldWeight', 'similarityScale', 'compareFunction')
    if (field.attributes['isCenterField'] === 'false') continue
    document.choice(field, 'compareFunction', 'absDiff', ...COMPARISONS.slice(0, 1))
    fields.push(fieldNamed(make, scope, field, document.text(field, 'field')))
    weights.push(document.number(field, 'fieldWeight', 1))
  }
  const clusters = children.filter(({ name }) => name === 'Cluster'), names = clusters.map((cluster, i) => cluster.attributes['id'] ?? String(i + 1))
  if (clusters.length === 0) throw document.broken(element, 'there is no <Cluster> in it')
  const points = new Float64Array(clusters.length * fields.length)
  for (const [i, cluster] of clusters.entries()) {
    document.attributes(cluster, 'id', 'name', 'size')
    const center = document.numbers(document.wanted(cluster, 'Array'))
    if (center.length !== fields.length) throw document.broken(cluster, `${center.length} numbers for ${fields.length} fields`)
    points.set(center, i * fields.length)
  }
  make.at(element)
  const affinities = distances(make, fields, weights, points, measure), nearest = make.add({ op: 'reduce', fn: 'argmin', of: affinities, size: clusters.length }), count = make.add({ op: 'reduce', fn: 'count', of: affinities, size: clusters.length })
  const chosen = make.where(count, nearest, make.constant(NaN))
  return { predicted: chosen, classes: names, entities: { names, value: chosen, affinities } }
}

export const nearestNeighborModel: Family = (element, { make, scope, target }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'numberOfNeighbors', 'continuousScoringMethod', 'categoricalScoringMethod', 'instanceIdVariable', 'threshold')
  document.children(element, ...COMMON, 'TrainingInstances', 'ComparisonMeasure', 'KNNInputs')
  const measure = measureOf(make, document.wanted(element, 'ComparisonMeasure')), instances = document.wanted(element, 'TrainingInstances'), table = document.wanted(instances, 'InlineTable')
  const columns = new Map(document.children(document.wanted(instances, 'InstanceFields'), 'InstanceField').map(field => [document.text(field, 'field'), (field.attributes['column'] ?? document.text(field, 'field')).replace(/^.*:/, '')] as const))
  const inputs = document.children(document.wanted(element, 'KNNInputs'), 'KNNInput'), fields = inputs.map(input => {
    document.attributes(input, 'field', 'fieldWeight', 'compareFunction')
    document.choice(input, 'compareFunction', 'absDiff', 'absDiff')
    return fieldNamed(make, scope, input, document.text(input, 'field'))
  }), weights = inputs.map(input => document.number(input, 'fieldWeight', 1)), rows = cells(make, table), k = document.number(element, 'numberOfNeighbors')
  if (target === undefined) throw document.unsupported(element, 'neighbours without a target')
  // training rows hold what the document's fields hold: derived ones are made of them
  const points = new Float64Array(rows.length * fields.length), cell = (row: number, name: string): string => {
    const text = rows[row]!.get(columns.get(name) ?? name)
    if (text === undefined) throw document.broken(table, `row ${row + 1} has no '${name}'`)
    return text
  }
  for (const [i, { name }] of fields.entries()) for (let row = 0; row < rows.length; row++) points[row * fields.length + i] = document.numberOf(table, cell(row, name))
  make.at(element)
  const all = distances(make, fields, weights, points, measure), near = make.add({ op: 'nearest', of: all, count: Math.min(k, rows.length) }), there = make.add({ op: 'reduce', fn: 'count', of: all, size: rows.length })
  const idName = element.attributes['instanceIdVariable'], ids = rows.map((_, row) => idName === undefined ? String(row + 1) : cell(row, idName))
  const entities = { names: ids, value: make.where(there, make.select(near, 0), make.constant(NaN)) }
  const neighbors = (field: Element): Field => {
    const rank = document.number(field, 'rank', 1)
    if (rank > make.width(near)) throw document.broken(field, `rank ${rank} of ${make.width(near)} neighbours`)
    return fieldOf('neighbor', 'string', 'categorical', make.where(there, make.select(near, rank - 1), make.constant(NaN)), [...ids])
  }
  const taken = (values: Float64Array): number => make.add({ op: 'lookup', of: near, width: 1, values, otherwise: make.constant(NaN) })
  const nearDistances = (): number => make.add({ op: 'take', of: all, at: near }), size = make.width(near), ones = make.fixed(make.constant(1))
  const weightsBy = (method: string): number | undefined => method.startsWith('weighted') ? make.binary('divide', ones, make.binary('add', nearDistances(), make.constant(document.number(element, 'threshold', 0.001)))) : undefined
  if (document.text(element, 'functionName') === 'regression') {
    const method = document.choice(element, 'continuousScoringMethod', 'average', 'average', 'median', 'weightedAverage'), values = taken(Float64Array.from(rows, (_, row) => document.numberOf(table, cell(row, target.name)))), weight = weightsBy(method)
    const predicted = method === 'median' ? make.add({ op: 'reduce', fn: 'median', of: values, size })
      : weight === undefined ? make.add({ op: 'reduce', fn: 'mean', of: values, size })
        : make.binary('divide', make.add({ op: 'reduce', fn: 'sum', of: make.binary('multiply', values, weight), size }), make.add({ op: 'reduce', fn: 'sum', of: weight, size }))
    return { predicted: make.where(there, predicted, make.constant(NaN)), entities, features: { entityId: neighbors } }
  }
  const method = document.choice(element, 'categoricalScoringMethod', 'majorityVote', 'majorityVote', 'weightedMajorityVote'), { classes } = target, labels = rows.map((_, row) => classes.indexOf(cell(row, target.name)))
  if (classes.length === 0 || labels.includes(-1)) throw document.broken(table, `a row's '${target.name}' is none of the target's values`)
  const label = taken(Float64Array.from(labels)), weight = weightsBy(method)
  const votes = make.concat(classes.map((_, c) => {
    const is = make.binary('equal', label, make.constant(c))
    return make.add({ op: 'reduce', fn: 'sum', of: weight === undefined ? is : make.binary('multiply', is, weight), size })
  })), shares = make.binary('divide', votes, make.add({ op: 'reduce', fn: 'sum', of: votes, size: classes.length }))
  const known = make.where(there, shares, make.constant(NaN))
  return { predicted: largest(make, known), classes, probabilities: known, entities, features: { entityId: neighbors } }
}
