import { z } from 'zod'
import { didYouMean, parsePath, WHOLE } from '../codecs/paths.ts'
import type { Part } from '../core/index.ts'

/** A mapping without unknown keys. The texts of unknown keys are joined by line breaks, in their order: mistakes.ts takes them apart. */
export function object<S extends z.core.$ZodShape>(shape: S) {
  const known = Object.keys(shape).filter((key) => !isProgramOnly(shape[key]!))
  return z.strictObject(shape, {
    error: (issue) => issue.code === 'unrecognized_keys' ? (issue.keys as string[]).map((key) => unknownKey(key, known)).join('\n') : undefined,
  })
}
function unknownKey(key: string, known: readonly string[]): string {
  return LATER.includes(key) ? `${key} is not in this version; known here: ${known.join(', ')}` : `unknown key '${key}'${meant(key, known) ?? `; known here: ${known.join(', ')}`}`
}
const meant = (key: string, known: readonly string[]): string | undefined => {
  const word = didYouMean(key, known)
  return word === undefined ? undefined : `; did you mean '${word}'?`
}
/** What later versions will know. */
const LATER = ['http', 'cassandra', 'sqlite', 'remote', 'stored', 'auto', 'router', 'learn', 'serve']

/** Exactly one of several keys: the parts that may stand at a place. `also` may stand beside it. */
export function oneOf<S extends z.core.$ZodShape, A extends z.core.$ZodShape>(what: string, parts: S, also: A): z.ZodType<Choice<S, A>, Choice<S, A>>
export function oneOf<S extends z.core.$ZodShape>(what: string, parts: S): z.ZodType<Choice<S, object>, Choice<S, object>>
export function oneOf(what: string, parts: z.core.$ZodShape, also: z.core.$ZodShape = {}): z.ZodType {
  const names = Object.keys(parts), written = names.filter((name) => !isProgramOnly(parts[name]!))
  const optional = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, z.exactOptional(part)]))
  return object({ ...optional, ...also }).superRefine((value, context) => {
    // a misspelt name is told already
    if (context.issues.some(({ code }) => code === 'unrecognized_keys')) return
    const found = names.filter((name) => name in value)
    if (found.length !== 1) context.addIssue({
      code: 'custom', params: { inside: true },
      message: found.length === 0 ? `${what} is one of: ${written.join(', ')}` : `${what} is only one of: ${written.join(', ')}; found ${found.join(' and ')}`,
    })
  }).meta({ anyOf: written.map((name) => ({ required: [name] })) })
}
type Choice<S, A> = { [K in keyof S]: { readonly [P in K]: z.input<S[K]> } & Also<A> }[keyof S]
type Also<A> = A extends z.core.$ZodShape ? z.input<z.ZodObject<A, z.core.$strict>> : unknown

/** What only a program can say. It is left out of the JSON Schema. */
export const programOnly = <T>(is: (value: unknown) => boolean) => z.custom<T>(is).meta({ programOnly: true })
const isProgramOnly = (schema: z.core.$ZodType): boolean => z.globalRegistry.get(schema instanceof z.ZodExactOptional ? schema.unwrap() : schema)?.['programOnly'] === true
export const fn = <T extends (...parameters: never[]) => unknown>() => programOnly<T>((value) => typeof value === 'function')
export const part = <T>() => programOnly<Part<T>>((value) => typeof value === 'object' && value !== null && 'open' in value && typeof value.open === 'function')

export const text = () => z.string().min(1)
export const count = () => z.int().min(1)
export const ms = () => z.number().min(0)
export const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'expected a single value: text, a number, true, false or null' })
export const category = z.union([z.string(), z.number(), z.boolean()], { error: 'expected a category: text, a number, true or false' })
/** `orWhole`: also `$`, the record itself. */
export const path = (orWhole?: 'orWhole') => text().superRefine((value, context) => {
  try { if (orWhole === undefined || value !== WHOLE.text) parsePath(value) } catch (error) { context.addIssue({ code: 'custom', message: (error as Error).message }) }
})
export const filter = z.record(path(), z.union([scalar, z.array(scalar).min(1).readonly()], { error: 'expected a value or a list of values' }))
export const zone = text().refine(isZone, { error: 'is not a time zone of the IANA list, such as Europe/Berlin or UTC' })
export const address = text().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]*):\d{1,5}$/, { error: 'expected HOST:PORT, such as 127.0.0.1:9100' })

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch { return false }
}
