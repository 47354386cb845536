import type { Objective } from '../../objectives.ts'

const regressions = new Set(['regression', 'regression_l1', 'huber', 'fair', 'quantile', 'mape', 'lambdarank', 'rank_xendcg', 'custom'])
// huber, poisson, gamma and tweedie switch sqrt off
const knowSqrt = new Set(['regression', 'regression_l1', 'fair', 'quantile', 'mape'])
const logged = new Set(['poisson', 'gamma', 'tweedie'])
const olderNames: { readonly [name: string]: string | undefined } = { xentropy: 'cross_entropy', xentlambda: 'cross_entropy_lambda', regression_l2: 'regression' }

/** The line `objective=` of the header: a name and parameters, 'binary sigmoid:1', 'regression sqrt'. Without one, or 'custom': margins as
    they are. undefined: not known. */
export function objectiveOf(line: string | undefined, groups: number): Objective | undefined {
  const [word = 'custom', ...parameters] = line === undefined || line === '' ? [] : line.split(' ')
  const name = olderNames[word] ?? word
  const parameter = (key: string, otherwise: number): number => {
    const found = parameters.find(p => p.startsWith(key + ':'))
    return found === undefined ? otherwise : Number(found.slice(key.length + 1))
  }
  const make = (link: Objective['link'], more: Partial<Objective> = {}): Objective => ({ name, link, slope: 1, classes: 0, probabilities: undefined, ...more })
  const slope = parameter('sigmoid', 1)
  if (!(slope > 0)) return undefined
  if (knowSqrt.has(name) && parameters.includes('sqrt')) return make('signedSquare')
  if (regressions.has(name)) return make('identity')
  if (logged.has(name)) return make('exp')
  switch (name) {
    case 'binary': return groups === 1 ? make('sigmoid', { slope, classes: 2, probabilities: 'sigmoid' }) : undefined
    case 'multiclass': return make('softmax', groups > 1 ? { classes: groups, probabilities: 'softmax' } : {})
    case 'multiclassova': return make('sigmoid', groups > 1 ? { slope, classes: groups, probabilities: 'sigmoid' } : { slope })
    case 'cross_entropy': return make('sigmoid')
    case 'cross_entropy_lambda': return make('softplus')
    default: return undefined
  }
}
