import { SluiceError } from '../../../core/errors.ts'
import type { Element } from './xml.ts'

/** What reads a document: its name, for errors with line and column. */
export class Document {
  readonly file: string
  constructor(file: string) { this.file = file }

  where({ line, column }: Element): string { return `line ${line}, column ${column}` }
  broken(element: Element, what: string): SluiceError {
    return new SluiceError('SLUICE_MODEL_BROKEN', `${this.file}: <${element.name}>: ${what}`, { at: this.where(element) })
  }
  unsupported(element: Element, what: string, fix = 'export the model as ONNX, or without this'): SluiceError {
    return new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${this.file}: <${element.name}>: ${what}`, { at: this.where(element), why: 'it is not understood, and nothing is passed over', fix })
  }

  /** Refuses what is not named: an attribute that is not understood may change every answer. */
  attributes(element: Element, ...known: readonly string[]): void {
    for (const name of Object.keys(element.attributes)) if (!known.includes(name) && !HARMLESS.has(name)) throw this.unsupported(element, `attribute '${name}' = '${element.attributes[name]}'`)
  }
  /** The children, without those that say nothing of the answers; refuses what is not named. */
  children(element: Element, ...known: readonly string[]): readonly Element[] {
    const children = element.children.filter(({ name }) => !ANNOTATIONS.has(name))
    for (const child of children) if (!known.includes(child.name)) throw this.unsupported(child, `it is not understood in <${element.name}>`)
    return children
  }
  child(element: Element, name: string): Element | undefined { return element.children.find(child => child.name === name) }
  wanted(element: Element, name: string): Element {
    const child = this.child(element, name)
    if (child === undefined) throw this.broken(element, `there is no <${name}> in it`)
    return child
  }
  all(element: Element, name: string): readonly Element[] { return element.children.filter(child => child.name === name) }

  text(element: Element, attribute: string): string {
    const value = element.attributes[attribute]
    if (value === undefined) throw this.broken(element, `the attribute '${attribute}' is missing`)
    return value
  }
  number(element: Element, attribute: string, otherwise?: number): number {
    const value = element.attributes[attribute]
    if (value === undefined && otherwise !== undefined) return otherwise
    return this.numberOf(element, this.text(element, attribute))
  }
  numberOf(element: Element, text: string): number {
    const trimmed = text.trim(), value = trimmed === 'INF' ? Infinity : trimmed === '-INF' ? -Infinity : trimmed === '' ? NaN : Number(trimmed)
    if (Number.isNaN(value)) throw this.broken(element, `'${text}' is not a number`)
    return value
  }
  choice<T extends string>(element: Element, attribute: string, otherwise: T, ...choices: readonly T[]): T {
    const value = element.attributes[attribute] ?? otherwise
    if (!choices.includes(value as T)) throw this.unsupported(element, `${attribute} = '${value}'`)
    return value as T
  }
  /** The words of an <Array>: separated by blanks, in quotes where they hold some. */
  array(element: Element): readonly string[] {
    this.attributes(element, 'type', 'n')
    const words = [...element.text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted !== undefined ? quoted.replace(/\\(.)/g, '$1') : plain!)
    const count = element.attributes['n']
    if (count !== undefined && Number(count) !== words.length) throw this.broken(element, `${words.length} words where n is ${count}`)
    return words
  }
  numbers(element: Element): Float64Array { return Float64Array.from(this.array(element), word => this.numberOf(element, word)) }
}

/** Of the training, of the look and of people. */
const HARMLESS = new Set(['modelName', 'algorithmName', 'displayName', 'importance', 'description', 'x-sklearn', 'recordCount', 'id', 'functionName', 'isScorable'])
export const ANNOTATIONS: ReadonlySet<string> = new Set(['Extension', 'ModelStats', 'ModelExplanation', 'ModelVerification', 'Annotation', 'Timestamp', 'UnivariateStats', 'MiningBuildTask', 'Partition'])
