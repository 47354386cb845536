import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SluiceError } from '../../src/core/errors.ts'
import { pmml } from '../../src/models/formats/pmml/index.ts'
import { openModel } from '../../src/models/index.ts'
import { oneFile, score } from './golden.ts'

// JPMML has no anomaly detection: the formulas of the specification, over the answers of the model inside

const FIELDS = '<DataDictionary><DataField name="a" optype="continuous" dataType="double"/><DataField name="b" optype="continuous" dataType="double"/></DataDictionary>'
const SCHEMA = '<MiningSchema><MiningField name="a"/><MiningField name="b"/></MiningSchema>'
const leaf = (field: string, operator: string, depth: number): string => `<Node score="${depth}"><SimplePredicate field="${field}" operator="${operator}" value="0"/></Node>`
const tree = (field: string, below: number, above: number): string => `<Segment><True/><TreeModel functionName="regression">${SCHEMA}<Node><True/>${leaf(field, 'lessThan', below)}${leaf(field, 'greaterOrEqual', above)}</Node></TreeModel></Segment>`
const FOREST = `<MiningModel functionName="regression">${SCHEMA}<Segmentation multipleModelMethod="average">${tree('a', 3, 6)}${tree('b', 2, 5.5)}</Segmentation></MiningModel>`
const CLUSTERS = `<ClusteringModel functionName="clustering" modelClass="centerBased" numberOfClusters="2">${SCHEMA}<ComparisonMeasure kind="distance"><euclidean/></ComparisonMeasure><ClusteringField field="a"/><ClusteringField field="b"/><Cluster id="x"><Array n="2" type="real">0 0</Array></Cluster><Cluster id="y"><Array n="2" type="real">3 4</Array></Cluster></ClusteringModel>`
const anomaly = (type: string, inside: string, attributes = ''): string => `<AnomalyDetectionModel functionName="regression" algorithmType="${type}" ${attributes}>${SCHEMA}${inside}</AnomalyDetectionModel>`
const MEANS = '<MeanClusterDistances><Array n="2" type="real">0.5 2</Array></MeanClusterDistances>'
const ROWS = [[-1, -1], [-1, 2], [1, -2], [1, 1], [3, 3], [NaN, 1]] as const

async function answers(model: string): Promise<readonly number[]> {
  const read = await pmml.read(oneFile('model.pmml', new TextEncoder().encode(`<PMML version="4.4">${FIELDS}${model}</PMML>`)), {}), { predictor } = await openModel(read, { name: 'anomaly', version: '1' })
  return Array.from(score(predictor, { dtype: 'float64', shape: [ROWS.length, 2], data: Float64Array.from(ROWS.flat()) }).get('prediction')!.data as Float64Array)
}
const near = (got: readonly number[], want: readonly number[]): void => got.forEach((value, i) => assert.ok(Object.is(value, want[i]) || Math.abs(value - want[i]!) < 1e-12, `row ${i}: ${value}, not ${want[i]}`))

test('an isolation forest: 2 to the minus of the mean depth over that of a random tree', async () => {
  const depths = [2.5, 4.25, 4, 5.75, 5.75, NaN]
  near(await answers(FOREST), depths)
  const mean = 2 * (Math.log(255) + 0.5772156649015329) - 2 * 255 / 256
  near(await answers(anomaly('iforest', FOREST, 'sampleDataSize="256"')), depths.map(depth => 2 ** (-depth / mean)))
  near(await answers(anomaly('other', FOREST)), depths)
})
test('clusters: the distance to the nearest over its mean distance', async () => {
  near(await answers(anomaly('clusterMeanDist', CLUSTERS + MEANS)), [Math.SQRT2 / 0.5, Math.sqrt(5) / 0.5, Math.sqrt(5) / 0.5, Math.SQRT2 / 0.5, 1 / 2, NaN])
})
test('refused: no model inside, two of them, means of other clusters', async () => {
  for (const model of [anomaly('other', ''), anomaly('other', FOREST + FOREST), anomaly('clusterMeanDist', CLUSTERS + MEANS.replace('n="2"', 'n="1"').replace('0.5 2', '0.5'))]) {
    await assert.rejects(answers(model), (error: unknown) => error instanceof SluiceError && error.code === 'SLUICE_MODEL_BROKEN')
  }
})
