import { InvalidArgumentError, Option } from 'commander'
import { readFileSync } from 'node:fs'
import { parseObject } from '../codecs/json.ts'
import { fileError } from '../connect/file/errors.ts'
import { SluiceError } from '../core/index.ts'
import type { ReadOptions } from '../core/index.ts'

/** An option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value]

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1.')
  return Number(text)
}

export const treesOption = (): Option => new Option('--trees <which>', 'trees of an XGBoost model that stopped early: up to the best round, or all').choices(['best', 'all'])

export const categoriesOption = (): Option => new Option('--categories <file.json>',
  'the categories of features whose names the model file does not hold, or not whole: {"city": ["Berlin", "Łódź"]}').argParser(categoriesIn)

/** What is in the lists is checked where it meets the model. */
function categoriesIn(path: string): NonNullable<ReadOptions['categories']> {
  const read = (): string => { try { return readFileSync(path, 'utf8') } catch (error) { throw fileError(error, 'reading', path, 'SLUICE_CONFIG_MISSING') } }
  const text = read().replace(/^\uFEFF/, '')
  try { return parseObject(text) as NonNullable<ReadOptions['categories']> } catch (cause) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${path}: ${(cause as Error).message}`, {
      at: path, why: '--categories is a file with a JSON object: each feature with the list of its categories, in the order of their codes', fix: 'write it like {"city": ["Berlin", "Łódź"]}',
    })
  }
}
