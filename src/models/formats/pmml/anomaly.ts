import { ANNOTATIONS } from './document.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'

/** https://dmg.org/pmml/v4-4-1/AnomalyDetectionModel.html: another model, and what its answer means. */
export const anomalyDetection: Family = (element, context) => {
  const { make } = context, { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'algorithmType', 'sampleDataSize')
  const models = element.children.filter(({ name }) => !ANNOTATIONS.has(name) && ![...COMMON, 'MeanClusterDistances'].includes(name)), [inner] = models, type = document.choice(element, 'algorithmType', 'other', 'iforest', 'ocsvm', 'clusterMeanDist', 'other')
  if (inner === undefined || models.length > 1) throw document.broken(element, `there are ${models.length} models in it, not one`)
  const result = context.model(inner, context.scope.inner())
  make.at(element)
  switch (type) {
    case 'iforest': {
      // 2^(-mean length of the ways / the mean of a random tree of so many records)
      const n = document.number(element, 'sampleDataSize'), harmonic = Math.log(n - 1) + 0.5772156649015329, mean = n > 2 ? 2 * harmonic - 2 * (n - 1) / n : n === 2 ? 1 : NaN
      return { predicted: make.binary('power', make.fixed(make.constant(2)), make.binary('divide', make.unary('negate', result.predicted), make.constant(mean))) }
    }
    case 'clusterMeanDist': {
      const means = document.numbers(document.wanted(document.wanted(element, 'MeanClusterDistances'), 'Array')), { entities } = result
      if (entities?.affinities === undefined || means.length !== entities.names.length) throw document.broken(element, `${means.length} mean distances for the clusters of the model inside`)
      const distance = make.add({ op: 'take', of: entities.affinities, at: entities.value })
      return { predicted: make.binary('divide', distance, make.add({ op: 'lookup', of: entities.value, width: 1, values: means, otherwise: make.constant(NaN) })) }
    }
    case 'ocsvm': case 'other': return { predicted: result.predicted }
  }
}
