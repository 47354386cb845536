import { InvalidArgumentError } from 'commander'

/** An option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value]

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1.')
  return Number(text)
}
