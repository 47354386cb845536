import type { Objective } from '../../objectives.ts'

type BaseLink = 'identity' | 'log' | 'logit'
interface Known { readonly link: Objective['link']; readonly base: BaseLink; readonly classes?: 'two' | 'groups' | 'hinge' }

const same: Known = { link: 'identity', base: 'identity' }
const logged: Known = { link: 'exp', base: 'log' }

/** What XGBoost's objectives do to a margin, and to base_score to make a margin of it. binary:logitraw keeps base_score as it is. */
const known: { readonly [name: string]: Known | undefined } = {
  'reg:squarederror': same, 'reg:linear': same, 'reg:squaredlogerror': same, 'reg:pseudohubererror': same, 'reg:absoluteerror': same,
  'reg:quantileerror': same, 'binary:logitraw': same, 'rank:pairwise': same, 'rank:ndcg': same, 'rank:map': same,
  'reg:logistic': { link: 'sigmoid', base: 'logit' },
  'binary:logistic': { link: 'sigmoid', base: 'logit', classes: 'two' },
  'binary:hinge': { link: 'step', base: 'identity', classes: 'hinge' },
  'count:poisson': logged, 'reg:gamma': logged, 'reg:tweedie': logged, 'survival:cox': logged, 'survival:aft': logged,
  'multi:softprob': { link: 'softmax', base: 'identity', classes: 'groups' },
  'multi:softmax': { link: 'argmax', base: 'identity', classes: 'groups' },
}

export function objectiveOf(name: string, groups: number): { objective: Objective; base: BaseLink } | undefined {
  const entry = Object.hasOwn(known, name) ? known[name] : undefined
  if (entry === undefined) return undefined
  // several targets of binary:logistic are labels beside each other, not classes
  const isTwo = (entry.classes === 'two' || entry.classes === 'hinge') && groups === 1
  const isMany = entry.classes === 'groups' && groups > 1
  const classes = isTwo ? 2 : isMany ? groups : 0
  const probabilities = isMany ? 'softmax' : isTwo && entry.classes === 'two' ? 'sigmoid' : undefined
  return { objective: { name, link: entry.link, slope: 1, classes, probabilities }, base: entry.base }
}

const f = Math.fround

/** base_score is what predict would return without trees; the trees add to a margin. */
export function marginOf(score: number, base: BaseLink): number {
  if (base === 'identity') return score
  if (base === 'log') return f(Math.log(score))
  // XGBoost keeps away from 0 and 1 by its kRtEps
  const p = Math.min(Math.max(score, f(1e-6)), f(1 - f(1e-6)))
  return -f(Math.log(f(f(1 / p) - 1)))
}
