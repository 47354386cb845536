import { fieldNamed, literal } from './expressions.ts'
import type { Maker, Scope } from './scope.ts'
import type { Element } from './xml.ts'

/** The attributes of CoxRegression that other general regressions have not. */
export const COX_ATTRIBUTES = ['startTimeVariable', 'endTimeVariable', 'statusVariable', 'subjectIDVariable', 'baselineStrataVariable'] as const

/** The cumulative hazard at the end of the time: that of the baseline times e^(r - s), of the sum r of the record and s of the points of reference. 0 before the first time, missing after the last. */
export function cumulativeHazard(make: Maker, scope: Scope, element: Element, sum: number): number {
  const { document } = make, tables = document.wanted(element, 'BaseCumHazardTables'), time = fieldNamed(make, scope, element, document.text(element, 'endTimeVariable')).value(), strata = element.attributes['baselineStrataVariable']
  // when it began would matter with values that change in time, which no record has
  if (element.attributes['startTimeVariable'] !== undefined) throw document.unsupported(element, 'startTimeVariable')
  document.attributes(tables, 'maxTime')
  const references = new Map(document.children(document.wanted(element, 'ParameterList'), 'Parameter').map(parameter => [document.text(parameter, 'name'), document.number(parameter, 'referencePoint', 0)]))
  let reference = 0
  for (const cell of document.all(document.wanted(element, 'ParamMatrix'), 'PCell')) {
    const point = references.get(document.text(cell, 'parameterName'))
    if (point === undefined) throw document.broken(cell, `there is no parameter '${cell.attributes['parameterName']}'`)
    reference += document.number(cell, 'beta') * point
  }
  make.at(element)
  const risk = make.unary('exp', make.math('subtract', sum, make.constant(reference)), make.float32)
  if (strata === undefined) return hazardOf(make, tables, time, risk)
  const field = fieldNamed(make, scope, element, strata)
  return document.children(tables, 'BaselineStratum').reduceRight<number>((rest, stratum) => {
    document.attributes(stratum, 'value', 'label', 'maxTime')
    const hazard = hazardOf(make, stratum, time, risk)
    return make.where(make.binary('equal', field.value(), make.constant(literal(make, stratum, field, document.text(stratum, 'value')))), hazard, rest)
  }, make.fixed(make.constant(NaN)))
}

function hazardOf(make: Maker, table: Element, time: number, risk: number): number {
  const { document } = make, cells = document.children(table, 'BaselineCell').map(cell => {
    document.attributes(cell, 'time', 'cumHazard')
    return { time: document.number(cell, 'time'), hazard: document.number(cell, 'cumHazard') }
  }).sort((a, b) => a.time - b.time)
  if (cells.length === 0) throw document.broken(table, 'there is no <BaselineCell> in it')
  make.at(table)
  const passed = make.add({ op: 'bucket', of: time, edges: Float64Array.from(cells, cell => cell.time), closed: 'left' })
  const baseline = make.add({ op: 'lookup', of: passed, width: 1, values: Float64Array.of(0, ...cells.map(({ hazard }) => hazard)), otherwise: make.constant(NaN) })
  // whatever the risk: nothing has passed yet, or the time is not known
  const hazard = make.where(make.binary('equal', passed, make.constant(0)), make.constant(0), make.math('multiply', risk, baseline))
  return make.where(make.binary('greater', time, make.constant(document.number(table, 'maxTime'))), make.constant(NaN), hazard)
}
