import { SluiceError } from '../core/index.ts'

/** Where in a value: `trip.km`, `items[0].price`, `['odd name']`, `$.x`. */
export interface Path {
  readonly text: string
  /** A number is an index of an array. */
  readonly steps: readonly (string | number)[]
}

/** ```
    path  = first { '.' name | part }     first = name | part | '$' ( '.' name | part )
    part  = '[' digits ']' | "['" text "']" | '["' text '"]'           in text, \ stands before a quote or another \
    name  = what holds none of  . [ ] ' "  and neither begins nor ends with white space
    ```
    @throws SLUICE_CONFIG_INVALID with the column at which it is broken */
export function parsePath(text: string): Path {
  const steps: (string | number)[] = []
  let at = /^\$(?=[.[]|$)/.test(text) ? 1 : 0
  const fail = (what: string): never => {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `the path \`${text}\` is broken at column ${at + 1}: ${what}`, {
      at: `column ${at + 1}`, why: 'this is no path into a record', fix: "write it like `trip.km`, `items[0].price` or `['odd name']`" })
  }
  const name = (): void => {
    const found = /^[^.[\]'"]+/.exec(text.slice(at))?.[0] ?? ''
    if (found === '' || found.trim() !== found) fail(at >= text.length ? 'a name is missing at the end' : 'a name belongs here; odd names are written [\'like this\']')
    steps.push(found)
    at += found.length
  }
  if (at === 0 && text[0] !== '[') name()
  while (at < text.length) {
    if (text[at] === '.') { at++; name(); continue }
    if (text[at] !== '[') fail('only `.` or `[` can follow')
    const [whole, index, single, double] = /^\[(?:(\d{1,9})|'((?:[^'\\]|\\['"\\])*)'|"((?:[^"\\]|\\['"\\])*)")\]/.exec(text.slice(at)) ?? fail('an index like `[0]` or a name like `[\'odd name\']` belongs here')
    steps.push(index === undefined ? (single ?? double ?? '').replace(/\\(.)/g, '$1') : Number(index))
    at += whole.length
  }
  if (steps.length === 0) fail('it names nothing')
  return { text, steps }
}

/** The record itself, as it is asked for where a whole list is wanted: `$`. */
export const WHOLE: Path = { text: '$', steps: [] }

/** The path of a name at the top level, whatever signs the name holds. */
export const nameAsPath = (name: string): Path => ({ text: name, steps: [name] })

/** What lies at the path; undefined: nothing does. What a value inherits (`constructor`) does not count, nor does an array's `length`. */
export function follow(value: unknown, steps: readonly (string | number)[]): unknown {
  let at = value
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    if (typeof at !== 'object' || at === null) return undefined
    if (Array.isArray(at) !== (typeof step === 'number') || (step in Object.prototype && !Object.hasOwn(at, step))) return undefined
    at = (at as { readonly [name: string]: unknown })[step]
  }
  return at
}

/** The known name that was probably meant, for messages. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined, least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < least) { best = candidate; least = edits }
  }
  return best
}

/** Damerau's: insert, remove, replace, or exchange neighbours. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return Infinity
  let older: number[] = [], last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, older[j - 2]! + 1)
    }
    older = last
    last = row
  }
  return last[b.length]!
}
