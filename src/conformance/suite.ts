export interface SuiteOptions {
  /** Titles of tests that do not fit this part, and why; the reason is printed. */
  readonly skips?: Readonly<{ [title: string]: string }>
}

/** A skip of a test that does not exist any more would hide nothing, and nobody would know. */
export function checkSkips(name: string, checks: object, { skips = {} }: SuiteOptions): void {
  const unknown = Object.keys(skips).filter(title => !(title in checks))
  if (unknown.length > 0) throw new TypeError(`${name} skips what the suite does not have: ${unknown.join(', ')}`)
}
