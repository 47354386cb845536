import { SluiceError } from '../../../core/errors.ts'

/** A value of the header and where it stands. Everything it is asked for is checked. @throws SLUICE_MODEL_BROKEN */
export class Place {
  readonly file: string
  readonly path: string
  readonly value: unknown
  constructor(file: string, path: string, value: unknown) {
    this.file = file
    this.path = path
    this.value = value
  }
  broken(what: string): SluiceError {
    return new SluiceError('SLUICE_MODEL_BROKEN', `${this.file}: ${what}`, { at: this.path })
  }
  /** Something of a later Sluice. */
  unknown(what: string): SluiceError {
    return new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${this.file}: ${what} is not known`, { at: this.path, why: 'a later version of Sluice may have written it', fix: 'use that version, or convert the model again with this one' })
  }
  /** A member that is not there, or where something inside is wrong. */
  within(path: string): Place {
    return new Place(this.file, this.path === '' ? path : `${this.path}.${path}`, undefined)
  }
  /** The members of an object. */
  members(): ReadonlyMap<string, Place> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.broken('an object belongs here')
    return new Map(Object.entries(value).map(([name, member]) => [name, new Place(this.file, this.path === '' ? name : `${this.path}.${name}`, member)]))
  }
  /** One after the other: a list of millions of nothing is left at the first that is wrong. */
  *items(): Generator<Place, void> {
    if (!Array.isArray(this.value)) throw this.broken('a list belongs here')
    for (const [i, item] of this.value.entries()) yield new Place(this.file, `${this.path}[${i}]`, item)
  }
  text(): string {
    if (typeof this.value !== 'string') throw this.broken('a text belongs here')
    return this.value
  }
  flag(): boolean {
    if (typeof this.value !== 'boolean') throw this.broken('true or false belongs here')
    return this.value
  }
  count(): number {
    if (!Number.isSafeInteger(this.value) || this.value as number < 0) throw this.broken('a whole number belongs here')
    return this.value as number
  }
}
