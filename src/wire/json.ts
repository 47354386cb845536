import { WireError } from './tensors.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** @throws WireError invalid, with what is wrong and where */
export function jsonOf(bytes: Uint8Array): unknown {
  let text: string
  try { text = decoder.decode(bytes) } catch { throw new WireError('invalid', 'the body is not valid UTF-8') }
  try { return JSON.parse(text) } catch (error) { throw new WireError('invalid', `the body is not valid JSON: ${(error as Error).message}`) }
}

export interface JsonObject { readonly [name: string]: unknown }
export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** @throws WireError invalid */
export function objectOf(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new WireError('invalid', `${what} must be an object`)
  return value
}
/** @throws WireError invalid */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new WireError('invalid', `${what} must be a list`)
  return value
}
/** @throws WireError invalid */
export function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new WireError('invalid', `${what} must be a text`)
  return value
}
