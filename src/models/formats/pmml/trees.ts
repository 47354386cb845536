import { FLAG, forest } from '../../trees.ts'
import type { TreeLeaf, TreeNode, Trees } from '../../trees.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Context, Family, Result } from './family.ts'
import { predicateIn, PREDICATES, questionOf } from './predicates.ts'
import type { Question } from './predicates.ts'
import type { Field, Maker, Scope } from './scope.ts'
import type { Element } from './xml.ts'

/** In flat arrays: a large document has millions of nodes. */
interface Tree { readonly feature: Int32Array; readonly threshold: Float64Array; readonly flags: Uint8Array; readonly left: Int32Array; readonly right: Int32Array; readonly words: ReadonlyMap<number, ArrayLike<number>>; readonly leaves: Float64Array; readonly root: number }

/** Trees that are summed together: they ask the same fields, which become one matrix. */
export class Forest {
  readonly #make: Maker
  readonly #sources: (Field | number)[] = []
  readonly #indices = new Map<Field | number, number>()
  readonly #trees: Tree[] = []
  readonly leafWidth: number

  constructor(make: Maker, leafWidth: number) {
    this.#make = make
    this.leafWidth = leafWidth
  }

  get count(): number { return this.#trees.length }

  #source(of: Field | number): number {
    const known = this.#indices.get(of)
    if (known !== undefined) return known
    this.#indices.set(of, this.#sources.length)
    return this.#sources.push(of) - 1
  }

  /** A <TreeModel>. `leaf`: the numbers of a node that is the answer; they are scaled by who gives them. */
  add(model: Element, scope: Scope, leaf: (node: Element) => readonly number[]): void {
    const make = this.#make, { document } = make
    document.attributes(model, ...COMMON_ATTRIBUTES, 'missingValueStrategy', 'missingValuePenalty', 'noTrueChildStrategy', 'splitCharacteristic')
    const strategy = document.choice(model, 'missingValueStrategy', 'none', 'none', 'nullPrediction', 'lastPrediction', 'defaultChild'), noTrueChild = document.choice(model, 'noTrueChildStrategy', 'returnNullPrediction', 'returnNullPrediction', 'returnLastPrediction')
    document.choice(model, 'splitCharacteristic', 'multiSplit', 'multiSplit', 'binarySplit')
    const rootNode = document.children(model, ...COMMON, 'Node').find(({ name }) => name === 'Node')
    if (rootNode === undefined) throw document.broken(model, 'there is no <Node> in it')
    const nodes: TreeNode[] = [], leaves: TreeLeaf[] = [], none = Array.from({ length: this.leafWidth }, () => Infinity)
    const leafOf = (values: readonly number[]): number => -leaves.push({ values })
    const node = (source: number, threshold: number, flags: number, left: number, right: number, words?: readonly number[]): number => nodes.push({ feature: source, threshold, flags, left, right, ...words === undefined ? {} : { words } }) - 1

    const below = (element: Element): number => {
      const children = document.children(element, 'Node', 'ScoreDistribution', ...PREDICATES).filter(({ name }) => name === 'Node')
      document.attributes(element, 'id', 'score', 'recordCount', 'defaultChild')
      if (children.length === 0) return leafOf(leaf(element))
      return asked(element, children, 0)
    }
    const asked = (parent: Element, children: readonly Element[], at: number): number => {
      const child = children[at]
      if (child === undefined) return leafOf(noTrueChild === 'returnLastPrediction' ? leaf(parent) : none)
      const question = questionOf(make, scope, predicateIn(make, child))
      if (question.kind === 'constant') return question.is ? below(child) : asked(parent, children, at + 1)
      const next = children[at + 1], otherwise = (): number => next !== undefined && children.length === 2 && at === 0 && opposite(make, question, next, scope) ? below(next) : asked(parent, children, at + 1)
      switch (strategy) {
        // what is missing is true of neither child
        case 'none': return next !== undefined && children.length === 2 && at === 0 && opposite(make, question, next, scope)
          ? third(question, branch(question, below(child), below(next), 'no'), asked(parent, children, children.length)) : branch(question, below(child), otherwise(), 'no')
        case 'nullPrediction': return branch(question, below(child), otherwise(), 'ends')
        case 'lastPrediction': return third(question, branch(question, below(child), otherwise(), 'no'), leafOf(leaf(parent)))
        case 'defaultChild': {
          const name = parent.attributes['defaultChild'], chosen = name === undefined ? undefined : children.find(({ attributes }) => attributes['id'] === name)
          if (chosen === undefined) {
            if (name !== undefined) throw document.broken(parent, `there is no child '${name}'`)
            return branch(question, below(child), otherwise(), 'ends')
          }
          if (chosen === child) return branch(question, below(child), otherwise(), 'yes')
          if (chosen === next && children.length === 2 && (opposite(make, question, next, scope) || predicateIn(make, next).name === 'True')) return branch(question, below(child), otherwise(), 'no')
          return third(question, branch(question, below(child), otherwise(), 'no'), below(chosen))
        }
      }
    }
    /** Where what is missing goes; `ends`: there is no answer then. */
    const branch = (question: Exclude<Question, { readonly kind: 'constant' }>, yes: number, no: number, missing: 'yes' | 'no' | 'ends'): number => {
      const flagsFor = (yesLeft: boolean): number => missing === 'ends' ? FLAG.missingEnds : FLAG.missingNaN | ((missing === 'yes') === yesLeft ? FLAG.missingLeft : 0)
      switch (question.kind) {
        case 'truth': return node(this.#source(question.value), 0.5, flagsFor(false), no, yes)
        case 'member': {
          const words: number[] = [], { codes, isIn, field } = question
          for (const code of codes) {
            while (words.length <= code >> 5) words.push(0)
            words[code >> 5] = (words[code >> 5]! | 1 << (code & 31)) >>> 0
          }
          return node(this.#source(field), 0, FLAG.set | FLAG.membersLeft | FLAG.noNegative | flagsFor(isIn), isIn ? yes : no, isIn ? no : yes, words)
        }
        case 'compare': {
          const { operator, threshold, field } = question, yesLeft = operator === 'lessThan' || operator === 'lessOrEqual', strict = operator === 'lessThan' || operator === 'greaterOrEqual'
          return node(this.#source(field), threshold, (strict ? FLAG.strict : 0) | flagsFor(yesLeft), yesLeft ? yes : no, yesLeft ? no : yes)
        }
      }
    }
    /** A third way, for what is missing. */
    const third = (question: Exclude<Question, { readonly kind: 'constant' }>, known: number, missing: number): number =>
      node(this.#source(question.kind === 'truth' ? question.value : question.field), Infinity, FLAG.missingNaN, known, missing)

    const predicate = questionOf(make, scope, predicateIn(make, rootNode))
    const root = predicate.kind === 'constant' ? (predicate.is ? below(rootNode) : leafOf(none)) : branch(predicate, below(rootNode), leafOf(none), 'no')
    const of = (pick: (node: TreeNode) => number): number[] => nodes.map(pick), words = new Map<number, ArrayLike<number>>()
    nodes.forEach((one, at) => { if (one.words !== undefined) words.set(at, one.words) })
    this.#trees.push({
      feature: Int32Array.from(of(one => one.feature)), threshold: Float64Array.from(of(one => one.threshold)), flags: Uint8Array.from(of(one => one.flags)), left: Int32Array.from(of(one => one.left)), right: Int32Array.from(of(one => one.right)),
      words, leaves: Float64Array.from(leaves.flatMap(({ values }) => [...values as number[]])), root,
    })
  }

  /** Sums [leafWidth]; NaN where a tree has no answer. */
  sums(element: Element): number {
    const make = this.#make, fields = this.#sources, allFields = fields.every(source => typeof source !== 'number')
    make.at(element)
    const { value, columns } = allFields ? make.matrix(fields as readonly Field[]) : { value: make.concat(fields.map(source => typeof source === 'number' ? source : source.value())), columns: fields.map((_, i) => i) }
    const width = make.width(value), { grow, done } = forest(make.document.file, width, this.leafWidth)
    for (const [i, { feature, threshold, flags, left, right, words, leaves, root }] of this.#trees.entries()) {
      grow({
        name: `tree ${i + 1}`, nodes: feature.length, leaves: leaves.length / this.leafWidth, root, leaf: at => ({ values: leaves.subarray(at * this.leafWidth, (at + 1) * this.leafWidth) }),
        node(at) {
          const own = words.get(at)
          return { feature: columns[feature[at]!]!, threshold: threshold[at]!, flags: flags[at]!, left: left[at]!, right: right[at]!, ...own === undefined ? {} : { words: own } }
        },
      })
    }
    const { arrays } = done(), float32 = make.float32
    // numbers of float fields are rounded before; whether all are is known when the columns are
    const inputs = value === 0 && !make.columnsRound && make.inputs32 ? 'float32' : 'float64'
    const trees: Trees = {
      ...arrays, width, groups: this.leafWidth, inputs, sums: float32 ? 'float32' : 'float64', start: new Float64Array(this.leafWidth), zero: 0,
      group: new Int32Array(this.#trees.length), scale: undefined,
    }
    this.#trees.length = 0
    const sums = make.add({ op: 'trees', of: value, trees })
    if (!arrays.leaves.includes(Infinity) && !arrays.flags.some(flag => (flag & FLAG.missingEnds) !== 0)) return sums
    return make.where(make.binary('equal', sums, make.constant(Infinity)), make.constant(NaN), sums)
  }
}

/** Whether the second of two children asks the very opposite of the first. */
function opposite(make: Maker, first: Question, second: Element, scope: Scope): boolean {
  const other = questionOf(make, scope, predicateIn(make, second))
  if (first.kind === 'compare' && other.kind === 'compare') return first.field === other.field && first.threshold === other.threshold && OPPOSITES[first.operator] === other.operator
  if (first.kind === 'member' && other.kind === 'member') return first.field === other.field && first.isIn !== other.isIn && first.codes.join() === other.codes.join()
  return false
}
const OPPOSITES = { lessThan: 'greaterOrEqual', lessOrEqual: 'greaterThan', greaterThan: 'lessOrEqual', greaterOrEqual: 'lessThan' } as const

/** Of a node of a classifier: the probabilities of the classes, and the class that it says. */
export function classLeaf(make: Maker, node: Element, classes: readonly string[]): { readonly probabilities: readonly number[]; readonly label: number } {
  const { document } = make, distributions = document.all(node, 'ScoreDistribution'), score = node.attributes['score'], label = score === undefined ? -1 : classes.indexOf(score)
  if (score !== undefined && label < 0) throw document.broken(node, `the score '${score}' is none of the classes ${classes.slice(0, 5).join(', ')}`)
  if (distributions.length === 0) {
    if (label < 0) throw document.broken(node, 'it is the answer and has no score')
    return { probabilities: classes.map((_, i) => i === label ? 1 : 0), label }
  }
  const total = distributions.reduce((sum, distribution) => sum + document.number(distribution, 'recordCount', 0), 0), probabilities = classes.map(() => 0)
  for (const distribution of distributions) {
    document.attributes(distribution, 'value', 'recordCount', 'confidence', 'probability')
    const at = classes.indexOf(document.text(distribution, 'value'))
    if (at < 0) throw document.broken(distribution, `'${distribution.attributes['value']}' is none of the classes`)
    probabilities[at] = distribution.attributes['probability'] === undefined ? document.number(distribution, 'recordCount') / total : document.number(distribution, 'probability')
  }
  return { probabilities, label: label >= 0 ? label : probabilities.indexOf(Math.max(...probabilities)) }
}

export function scoreOf(make: Maker, node: Element): number {
  const { document } = make
  if (node.attributes['score'] === undefined) return Infinity
  const score = document.number(node, 'score')
  return make.float32 ? Math.fround(score) : score
}

export const treeModel: Family = (element, { make, scope, target }: Context): Result => {
  if (make.document.text(element, 'functionName') === 'regression') {
    const trees = new Forest(make, 1)
    trees.add(element, scope, node => [scoreOf(make, node)])
    return { predicted: trees.sums(element) }
  }
  const classes = target?.classes ?? []
  if (classes.length === 0) throw make.document.unsupported(element, 'a classifier whose target has no values in the data dictionary')
  const trees = new Forest(make, classes.length + 1)
  trees.add(element, scope, node => {
    const { probabilities, label } = classLeaf(make, node, classes)
    return [...probabilities, label]
  })
  const sums = trees.sums(element)
  return { predicted: make.select(sums, classes.length), classes, probabilities: make.select(sums, ...classes.map((_, i) => i)) }
}
