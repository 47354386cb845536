import type { z } from 'zod'
import { didYouMean } from '../codecs/paths.ts'

export type Path = readonly (string | number)[]
/** One thing that is wrong with a definition. `key`: it is the key at the end of the path that is wrong, not its value. The text never
    holds a value of the definition: it may be a secret. */
export interface Mistake { readonly path: Path; readonly text: string; readonly key?: boolean; readonly expected?: 'number' | 'boolean' | 'string' }

type Issue = z.core.$ZodIssue

/** What zod found, in our words: one mistake per key, and of a union only what belongs to the branch that was meant. */
export function mistakesOf(issues: readonly Issue[], value: unknown, before: Path = []): Mistake[] {
  return issues.flatMap((issue): Mistake[] => {
    const path = [...before, ...issue.path.map((part) => typeof part === 'symbol' ? String(part) : part)]
    const found = issue.path.reduce<unknown>((inside, part) => (inside as { [key: PropertyKey]: unknown } | undefined)?.[part], value)
    // the texts of unknown keys are joined by line breaks, one for each key: see `object` in schema.ts
    if (issue.code === 'unrecognized_keys') return issue.message.split('\n').map((text, i) => ({ path: [...path, issue.keys[i]!], text, key: true }))
    if (issue.code === 'invalid_union') {
      const meant = branchMeant(issue.errors)
      if (meant !== undefined) return mistakesOf(meant, found, path)
      const number = issue.errors.some(([first]) => first?.code === 'invalid_type' && coercible(first.expected) === 'number')
      return [{ path, text: found === undefined ? missing(path) : issue.message, ...(number ? { expected: 'number' } : {}) }]
    }
    if (issue.code === 'invalid_key') return [{ path, text: issue.issues[0]?.message ?? issue.message, key: true }]
    if (found === undefined && issue.code !== 'custom') return [{ path, text: missing(path) }]
    const expected = issue.code === 'invalid_type' ? coercible(issue.expected) : undefined
    return [{ path, text: textOf(issue, found), ...(expected === undefined ? {} : { expected }) }]
  })
}

/** The one branch that got beyond the kind of the value. */
function branchMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const inside = branches.filter((issues) => issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys' || (issue.code === 'custom' && issue.params?.['inside'] === true)))
  return inside.length === 1 ? inside[0] : undefined
}

function textOf(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type': return `expected ${NAMES[issue.expected] ?? issue.expected}, found ${kindOf(found)}`
    case 'invalid_value': {
      const known = issue.values.map(String)
      const meant = typeof found === 'string' ? didYouMean(found, known) : undefined
      return meant === undefined ? `expected one of: ${known.join(', ')}` : `expected one of: ${known.join(', ')}; did you mean '${meant}'?`
    }
    case 'too_small': return issue.origin === 'string' || issue.origin === 'array' ? 'must not be empty' : `must be ${issue.inclusive === true ? 'at least' : 'above'} ${issue.minimum}`
    case 'too_big': return `must be ${issue.inclusive === true ? 'at most' : 'below'} ${issue.maximum}`
    default: return issue.message
  }
}

const missing = (path: Path): string => `'${path.join('.')}' is missing`
const NAMES: { readonly [type: string]: string } = {
  string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a mapping', record: 'a mapping',
}
function kindOf(value: unknown): string {
  if (value === null) return 'nothing (null)'
  if (Array.isArray(value)) return 'a list'
  if (Number.isNaN(value)) return 'NaN'
  return { string: 'text', number: 'a number', boolean: 'true or false', object: 'a mapping', function: 'a function' }[typeof value as string] ?? typeof value
}
function coercible(expected: string): 'number' | 'boolean' | 'string' | undefined {
  return expected === 'int' ? 'number' : expected === 'number' || expected === 'boolean' || expected === 'string' ? expected : undefined
}
