import { SluiceError } from '../../../core/errors.ts'

/** key=value lines up to an empty one. A line without '=' is a key with an empty value. */
export interface Section {
  /** For errors: 'header', 'tree 3'. */
  readonly name: string
  has(key: string): boolean
  maybe(key: string): string | undefined
  /** @throws SLUICE_MODEL_BROKEN if it is not there, as all below. */
  text(key: string): string
  count(key: string): number
  /** Separated by spaces; exactly as many as belong. */
  integers(key: string, length: number): readonly number[]
  numbers(key: string, length: number): readonly number[]
  broken(what: string): SluiceError
}

export interface Text {
  readonly header: Section
  readonly trees: readonly Section[]
  /** 'name: value' lines in brackets, between 'parameters:' and 'end of parameters'. */
  readonly parameters: ReadonlyMap<string, string>
  /** The JSON of the last line, as it stands. */
  readonly pandasCategorical: string | undefined
}

/** The sections of the file: header, trees, what follows. `file` names it in errors. */
export function sectionsOf(file: string, text: string): Text {
  const broken = (what: string, at: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at })
  let position = 0
  const nextLine = (): string | undefined => {
    if (position >= text.length) return undefined
    const found = text.indexOf('\n', position), end = found < 0 ? text.length : found
    const line = text.slice(position, text.charCodeAt(end - 1) === 13 ? end - 1 : end)
    position = end + 1
    return line
  }

  const header = new Map<string, string>()
  const trees: Section[] = []
  let fields = header, ended = false, line = nextLine()
  for (; line !== undefined && !ended; line = ended ? line : nextLine()) {
    if (line.startsWith('Tree=')) {
      if (line !== `Tree=${trees.length}`) throw broken(`'${line.slice(0, 40)}' where tree ${trees.length} belongs`, `tree ${trees.length}`)
      fields = new Map()
      trees.push(sectionOf(file, `tree ${trees.length}`, fields))
    } else if (line === 'end of trees' || /^feature[_ ]importances:/.test(line)) {
      ended = true
    } else if (line !== '') {
      const at = line.indexOf('=')
      fields.set(at < 0 ? line : line.slice(0, at), at < 0 ? '' : line.slice(at + 1))
    }
  }
  if (!ended) throw broken('the file ends before the trees do', trees.length === 0 ? 'header' : `tree ${trees.length - 1}`)

  const parameters = new Map<string, string>()
  let pandasCategorical: string | undefined, isOpen = false
  for (line = nextLine(); line !== undefined; line = nextLine()) {
    if (line === 'parameters:') isOpen = true
    else if (line === 'end of parameters') isOpen = false
    else if (line.startsWith('pandas_categorical:')) pandasCategorical = line.slice('pandas_categorical:'.length)
    else if (isOpen) {
      const match = /^\[([^:]+): ?(.*)\]$/.exec(line)
      if (match !== null) parameters.set(match[1]!, match[2]!)
    }
  }
  if (isOpen) throw broken('the file ends before its parameters do', 'parameters')
  return { header: sectionOf(file, 'header', header), trees, parameters, pandasCategorical }
}

function sectionOf(file: string, name: string, fields: ReadonlyMap<string, string>): Section {
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: name })
  const text = (key: string): string => {
    const value = fields.get(key)
    if (value === undefined) throw broken(`'${key}' is missing`)
    return value
  }
  const list = (key: string, length: number, fits: (value: number) => boolean, kind: string): number[] => {
    const words = text(key).split(' ').filter(word => word !== '')
    if (words.length !== length) throw broken(`'${key}' has ${words.length} values where ${length} belong`)
    return words.map(word => {
      // of a bin without an upper end LightGBM writes inf
      const value = word === 'inf' ? Infinity : word === '-inf' ? -Infinity : Number(word)
      if (!fits(value)) throw broken(`'${word.slice(0, 40)}' in '${key}' is not ${kind}`)
      return value
    })
  }
  return {
    name, text, broken,
    has: key => fields.has(key),
    maybe: key => fields.get(key),
    count: key => {
      const value = text(key)
      if (!/^\d{1,15}$/.test(value)) throw broken(`'${value.slice(0, 40)}' in '${key}' is not a count`)
      return Number(value)
    },
    integers: (key, length) => list(key, length, Number.isInteger, 'an integer'),
    numbers: (key, length) => list(key, length, value => !Number.isNaN(value), 'a number'),
  }
}
