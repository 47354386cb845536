import { SluiceError } from '../../core/index.ts'
import type { RegistryOptions } from './options.ts'

export type SchemaType = 'AVRO' | 'PROTOBUF' | 'JSON'
export interface Reference { readonly name: string; readonly subject: string; readonly version: number }
export interface RegistrySchema { readonly type: SchemaType; readonly text: string; readonly references: readonly Reference[] }
/** `guid`: of registries that have them. */
export interface RegisteredSchema extends RegistrySchema { readonly id: number; readonly guid: string | undefined; readonly version: number }

/** undefined: the registry does not have it.
    @throws SLUICE_REGISTRY_AWAY (to be tried again), SLUICE_NOT_AUTHORIZED, SLUICE_AUTHENTICATION_FAILED; SLUICE_CONFIG_INVALID at what is written */
export interface Registry {
  readonly name: string
  byId(id: number, signal: AbortSignal): Promise<RegistrySchema | undefined>
  byGuid(guid: string, signal: AbortSignal): Promise<RegistrySchema | undefined>
  version(subject: string, version: number | 'latest', signal: AbortSignal): Promise<RegisteredSchema | undefined>
  /** The version of the subject that has this schema. */
  lookUp(subject: string, schema: RegistrySchema, signal: AbortSignal): Promise<RegisteredSchema | undefined>
  /** @returns what `version` and `lookUp` then give, as far as the registry tells it */
  register(subject: string, schema: RegistrySchema, signal: AbortSignal): Promise<void>
  /** Whether it is there, speaks this API and knows us. */
  check(signal: AbortSignal): Promise<void>
}

const TYPE = 'application/vnd.schemaregistry.v1+json'
/** Codes of the API for what it does not have; other answers of status 404 come from something else in its place. */
const MISSING = new Set([40401, 40402, 40403])

/** Nothing is asked yet. @throws SLUICE_CONFIG_INVALID */
export function openRegistry(options: RegistryOptions): Registry {
  const urls = (typeof options.url === 'string' ? [options.url] : options.url).map(urlOf)
  const { username, password, token, timeoutMs = 10_000 } = options
  if (urls.length === 0) throw new SluiceError('SLUICE_CONFIG_INVALID', 'the registry has no url', { why: 'schemas are asked of it', fix: 'url: http://HOST:8081' })
  const authorization = token !== undefined ? `Bearer ${token}` : username !== undefined ? `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` : undefined
  const name = urls.join(', ')
  let first = 0

  async function ask(path: string, signal: AbortSignal, body?: object): Promise<Answer> {
    let last: unknown
    for (let i = 0; i < urls.length; i++) {
      const at = (first + i) % urls.length
      try {
        const answer = await askOne(urls[at]!, path, signal, body)
        first = at
        return answer
      } catch (error) {
        if (!(error instanceof SluiceError) || error.code !== 'SLUICE_REGISTRY_AWAY' || signal.aborted) throw error
        last = error
      }
    }
    throw last
  }

  async function askOne(url: string, path: string, signal: AbortSignal, body: object | undefined): Promise<Answer> {
    const headers = { accept: `${TYPE}, application/json`, ...(body === undefined ? {} : { 'content-type': TYPE }), ...(authorization === undefined ? {} : { authorization }) }
    const away = (what: string, cause?: unknown): SluiceError => new SluiceError('SLUICE_REGISTRY_AWAY', `the schema registry ${name} ${what}`, { at: `${url}${path}`, cause })
    let status: number, text: string
    try {
      const response = await fetch(`${url}${path}`, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }) })
      status = response.status
      text = await response.text()
    } catch (cause) {
      throw away(cause instanceof Error && cause.name === 'TimeoutError' ? `does not answer within ${timeoutMs} ms` : `cannot be reached: ${reasonOf(cause)}`, cause)
    }
    const answered = parsed(text)
    const code = typeof answered?.['error_code'] === 'number' ? answered['error_code'] : status
    const said = typeof answered?.['message'] === 'string' ? answered['message'] : `status ${status}`
    if (status === 401) throw new SluiceError('SLUICE_AUTHENTICATION_FAILED', `the schema registry ${name} refused the credentials: ${said}`, { why: 'it answered 401', fix: 'correct username and password, or the token, of the registry' })
    if (status === 403) throw new SluiceError('SLUICE_NOT_AUTHORIZED', `the schema registry ${name} does not allow this: ${said}`, { at: path, why: 'it answered 403', fix: 'grant the user of this pipeline what is named' })
    if (status === 408 || status === 429 || status >= 500) throw away(`answers ${status}: ${said}`)
    if (status < 300 && answered === undefined) throw away('answers with what is no JSON')
    return { status, code, said, answered }
  }

  /** A schema, or that there is none. */
  async function schemaAt(path: string, signal: AbortSignal, body?: object): Promise<Json | undefined> {
    let answer = await ask(path, signal, body)
    if (answer.status === 404 && !MISSING.has(answer.code)) {
      // so does a gateway without the registry behind it
      await check(signal)
      answer = await ask(path, signal, body)
    }
    if (answer.status < 300) return answer.answered
    if (body !== undefined && answer.status !== 404) throw refused(path, answer.said)
    return undefined
  }
  async function check(signal: AbortSignal): Promise<void> {
    const { status, answered } = await ask('/schemas/types', signal)
    if (status < 300 && Array.isArray(answered)) return
    throw new SluiceError('SLUICE_REGISTRY_AWAY', `no schema registry answers at ${name}: status ${status} where the types of schemas belong`, { fix: "correct its url, with the path of Confluent's API: Apicurio's is /apis/ccompat/v7" })
  }
  const refused = (path: string, said: string): SluiceError => new SluiceError('SLUICE_CONFIG_INVALID', `the schema registry refuses the schema: ${said}`, { at: path, why: 'it is not valid, or not compatible with the versions before it', fix: 'correct the schema, or the compatibility of the subject' })
  const subjectPath = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`

  return {
    name,
    async byId(id, signal) {
      const answer = await schemaAt(`/schemas/ids/${id}`, signal)
      return answer === undefined ? undefined : schemaOf(answer)
    },
    async byGuid(guid, signal) {
      const answer = await schemaAt(`/schemas/guids/${guid}`, signal)
      return answer === undefined ? undefined : schemaOf(answer)
    },
    async version(subject, version, signal) {
      const answer = await schemaAt(`${subjectPath(subject)}/versions/${version}`, signal)
      return answer === undefined ? undefined : registeredOf(answer)
    },
    async lookUp(subject, schema, signal) {
      const answer = await schemaAt(subjectPath(subject), signal, bodyOf(schema))
      return answer === undefined ? undefined : registeredOf(answer)
    },
    async register(subject, schema, signal) {
      const path = `${subjectPath(subject)}/versions`, { status, said } = await ask(path, signal, bodyOf(schema))
      if (status >= 300) throw refused(path, said)
    },
    check,
  }
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new SluiceError('SLUICE_CONFIG_INVALID', 'a url of the registry is none of http or https, or holds a password', { why: 'user and password have options of their own', fix: 'url: http://HOST:8081, username, password' })
  }
  return text.replace(/\/+$/, '')
}

type Json = { readonly [name: string]: unknown }
interface Answer { readonly status: number; readonly code: number; readonly said: string; readonly answered: Json | undefined }

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value as Json : undefined
  } catch { return undefined }
}
/** fetch says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0])
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}

/** Without a type it is Avro. */
function schemaOf(answer: Json): RegistrySchema {
  const { schema, schemaType = 'AVRO', references } = answer
  return { type: schemaType as SchemaType, text: typeof schema === 'string' ? schema : '', references: Array.isArray(references) ? references as readonly Reference[] : [] }
}
const registeredOf = (answer: Json): RegisteredSchema =>
  ({ ...schemaOf(answer), id: Number(answer['id']), guid: typeof answer['guid'] === 'string' ? answer['guid'] : undefined, version: Number(answer['version']) })
const bodyOf = ({ type, text, references }: RegistrySchema): object =>
  ({ schema: text, ...(type === 'AVRO' ? {} : { schemaType: type }), ...(references.length === 0 ? {} : { references }) })
