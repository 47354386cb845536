import { z } from 'zod'
import { didYouMean, parsePath } from '../codecs/paths.ts'
import { SluiceError } from '../core/index.ts'
import type { MemorySinkOptions, MemorySourceOptions } from '../connect/memory/options.ts'
import type { Part, Sink, Source } from '../core/index.ts'
import type { FeaturesFunction, FeatureSpec, PathFeature } from '../features/options.ts'
import { DERIVED } from '../features/options.ts'
import { flowDefaults } from '../flow/parts.ts'
import type { ResultFunction } from '../results/options.ts'
import { mistakesOf } from './mistakes.ts'
import type { Mistake } from './mistakes.ts'

/** A mapping without unknown keys. The texts of unknown keys are joined by line breaks, in their order: mistakes.ts takes them apart. */
function object<S extends z.core.$ZodShape>(shape: S) {
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
function oneOf<S extends z.core.$ZodShape, A extends z.core.$ZodShape>(what: string, parts: S, also: A): z.ZodType<Choice<S, A>, Choice<S, A>>
function oneOf<S extends z.core.$ZodShape>(what: string, parts: S): z.ZodType<Choice<S, object>, Choice<S, object>>
function oneOf(what: string, parts: z.core.$ZodShape, also: z.core.$ZodShape = {}): z.ZodType {
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
const programOnly = <T>(is: (value: unknown) => boolean) => z.custom<T>(is).meta({ programOnly: true })
const isProgramOnly = (schema: z.core.$ZodType): boolean => z.globalRegistry.get(schema instanceof z.ZodExactOptional ? schema.unwrap() : schema)?.['programOnly'] === true
const fn = <T extends (...parameters: never[]) => unknown>() => programOnly<T>((value) => typeof value === 'function')
const part = <T>() => programOnly<Part<T>>((value) => typeof value === 'object' && value !== null && 'open' in value && typeof value.open === 'function')

const text = () => z.string().min(1)
const count = () => z.int().min(1)
const ms = () => z.number().min(0)
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'expected a single value: text, a number, true, false or null' })
const category = z.union([z.string(), z.number(), z.boolean()], { error: 'expected a category: text, a number, true or false' })
const path = () => text().superRefine((value, context) => {
  try { parsePath(value) } catch (error) { context.addIssue({ code: 'custom', message: (error as Error).message }) }
})
const filter = z.record(path(), z.union([scalar, z.array(scalar).min(1).readonly()], { error: 'expected a value or a list of values' }))
const zone = text().refine(isZone, { error: 'is not a time zone of the IANA list, such as Europe/Berlin or UTC' })
const address = text().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]*):\d{1,5}$/, { error: 'expected HOST:PORT, such as 127.0.0.1:9100' })

const fileSource = object({
  path: z.union([text(), z.array(text()).min(1).readonly()], { error: 'expected a path or a list of paths' })
    .describe('The file to read, or several; * in its name stands for any characters. Relative paths start at the working directory.'),
  format: z.enum(['ndjson', 'csv', 'parquet', 'records']).exactOptional().describe('How records lie in the file. Left out: by the extension.'),
  from: z.number().min(0).exactOptional().describe('The offset to begin at when no position is kept yet: bytes, in Parquet rows.'),
  position: text().exactOptional().describe('Where the position is kept, when the sink does not keep it beside its output.'),
  batchBytes: count().exactOptional().describe('Bytes that are read at once.').meta({ default: 262144 }),
  batchRows: count().exactOptional().describe('Records of a batch, at most.').meta({ default: 4096 }),
  recordBytesMax: count().exactOptional().describe('A larger record is rejected.').meta({ default: 16777216 }),
  ratePerSecond: z.number().positive().exactOptional().describe('Replays no faster than so many records a second.'),
}).describe('Records from files.')

const stdinSource = object({
  format: z.enum(['ndjson', 'csv', 'records']).exactOptional().describe('How records lie in the stream.').meta({ default: 'ndjson' }),
  batchBytes: count().exactOptional().describe('Bytes that are read at once.').meta({ default: 262144 }),
  batchRows: count().exactOptional().describe('Records of a batch, at most.').meta({ default: 4096 }),
  recordBytesMax: count().exactOptional().describe('A larger record is rejected.').meta({ default: 16777216 }),
}).describe('Records from the standard input.')

const fileSink = object({
  path: text().describe('The file to write. It continues where the committed position says.'),
  format: z.enum(['ndjson', 'csv', 'records']).exactOptional().describe('How records are written. Left out: by the extension; rejects as records.'),
  position: text().exactOptional().describe('Where the position of the source is kept. Left out: the path with .position behind it.'),
}).describe('Records into a file, each exactly once, whatever happens.')

const stdoutSink = object({
  format: z.enum(['ndjson', 'csv', 'records']).exactOptional().describe('How records are written.').meta({ default: 'ndjson' }),
}).describe('Records to the standard output.')

const connection = {
  clientId: text().exactOptional().describe('How the brokers call us in logs and quotas.').meta({ default: 'sluice' }),
  tls: z.union([z.boolean(), object({
    caFile: text().exactOptional().describe("PEM: who signed the brokers' certificates. Left out: the authorities Node knows."),
    certFile: text().exactOptional().describe('PEM: our own certificate, where brokers ask for one.'),
    keyFile: text().exactOptional().describe('PEM: the key of our own certificate.'),
    servername: text().exactOptional().describe('The name in the certificate, where it is not the host.'),
    rejectUnauthorized: z.boolean().exactOptional().describe('false: any certificate will do.').meta({ default: true }),
  })], { error: 'expected true, false or a mapping' }).exactOptional().describe('Encrypts the connections.'),
  sasl: object({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).describe('How the brokers are told who we are.'),
    username: text().exactOptional().describe('Of plain and scram.'),
    password: text().exactOptional().describe('Of plain and scram.'),
    token: text().exactOptional().describe('Of oauthbearer.'),
  }).exactOptional().describe('Who we are.'),
  requestTimeoutMs: count().exactOptional().describe('A request without an answer for so long is given up.').meta({ default: 30000 }),
}
const brokers = () => z.union([text(), z.array(text()).min(1).readonly()], { error: 'expected host:port or a list of them' })

const kafkaSource = object({
  brokers: brokers().describe('host:port, one or several: where the cluster is asked first.'),
  ...connection,
  topics: z.array(text()).min(1).readonly().exactOptional().describe('The topics to read. This, or pattern.'),
  pattern: text().exactOptional().describe('All topics whose whole name fits, also those made later (RE2).'),
  group: text().describe('The group that keeps the positions. Every executor, of any process, is a member of it.'),
  from: text().exactOptional().describe('Where reading begins when the group has no position: earliest, latest, or an ISO time.').meta({ default: 'earliest' }),
  instance: text().exactOptional().describe('A name of this process, for good: a restart takes its partitions and its transactions over at once.'),
  isolation: z.enum(['read_committed', 'read_uncommitted']).exactOptional().describe('Whether records of aborted and open transactions are left out.').meta({ default: 'read_committed' }),
  checkCrcs: z.boolean().exactOptional().describe('Compares the checksum of every record batch.').meta({ default: false }),
  batchBytes: count().exactOptional().describe('Bytes of a batch, and of a partition in one fetch.').meta({ default: 1048576 }),
  fetchBytes: count().exactOptional().describe('Bytes of one fetch from one broker.').meta({ default: 8388608 }),
  fetchWaitMs: count().exactOptional().describe('How long a broker may wait for fetchMinBytes.').meta({ default: 500 }),
  fetchMinBytes: count().exactOptional().describe('What a broker waits for.').meta({ default: 1 }),
  recordBytesMax: count().exactOptional().describe('A larger record is rejected.').meta({ default: 16777216 }),
  rebalanceMs: count().exactOptional().describe('How long a member may take to give partitions back.').meta({ default: 45000 }),
}).describe('Records from topics, as a member of a consumer group.')

const kafkaSink = object({
  brokers: brokers().exactOptional().describe('host:port, one or several. Left out: the connection of the source, if that is Kafka.'),
  ...connection,
  topic: text().describe('The topic to write to.'),
  compression: z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).exactOptional().describe('How record batches are compressed.').meta({ default: 'none' }),
  lingerMs: ms().exactOptional().describe('How long a record may wait for others.').meta({ default: 5 }),
  batchBytes: count().exactOptional().describe('Bytes of a record batch.').meta({ default: 1048576 }),
  recordBytesMax: count().exactOptional().describe('A larger record is refused. Left out: what the topic takes.'),
  transactionTimeoutMs: count().exactOptional().describe('The broker aborts a transaction that is open for so long.').meta({ default: 60000 }),
}).describe('Records into a topic; exactly once from topics of the same cluster.')

const memory = <T extends object>() => programOnly<T>((value) => typeof value === 'object' && value !== null)

const feature = z.union([
  path().describe('The path of the value in the record, such as trip.km or items[0].price.'),
  object({
    path: path().describe('The path of the value in the record, such as trip.km or items[0].price.'),
    as: z.enum(DERIVED).exactOptional().describe('What is computed from the value.'),
    zone: zone.exactOptional().describe('Time zone of hourOfDay, dayOfWeek and month.').meta({ default: 'UTC' }),
    type: z.enum(['number', 'string', 'boolean']).exactOptional().describe('What the value must be. Left out: what the model needs.'),
    default: scalar.exactOptional().describe('Stands for an absent value. null: a missing value, if the model has a rule for those.'),
    when: filter.exactOptional().describe('Only of records whose values at these paths are equal to these; of others the feature is absent.'),
  }),
  fn<Exclude<FeatureSpec, string | PathFeature>>(),
], { error: 'expected a path, or a mapping with a path' })

const embedded = object({
  model: text().describe('A model file, a folder of one model, or a repository NAME/VERSION/... whose newest version is used.'),
  version: text().exactOptional().describe('Use this version of a repository, and no newer one.'),
  trees: z.enum(['best', 'all']).exactOptional()
    .describe("Which trees of an XGBoost model that stopped early: up to the best round, as scikit-learn's wrapper does, or all, as Booster.predict does.").meta({ default: 'best' }),
  categories: z.record(text(), z.array(category).min(1).readonly(), { error: 'expected a mapping of features to lists of their categories' }).exactOptional()
    .describe('The categories of features in the order of their codes, for XGBoost files that hold their names not at all or not whole; feature: [names].'),
  pollMs: count().exactOptional().describe('How often a repository is looked at for a new version.'),
}).describe('The model is evaluated inside the pipeline.')

const result = z.union([
  oneOf('result', {
    merge: z.record(text(), text()).describe('The record itself, with these fields added: field: output of the model.'),
    object: z.record(text(), text()).describe('A new record of these fields: field: output of the model, or else a path in the record ($.path is always a path).'),
  }, { origin: z.boolean().exactOptional().describe('Each result names its model, version and origin in __sluice.').meta({ default: true }) }),
  fn<ResultFunction>(),
], { error: 'expected merge or object' })

const sinks = {
  file: fileSink,
  kafka: kafkaSink,
  stdout: stdoutSink,
  memory: memory<MemorySinkOptions>(),
}
const stopAbove = z.union([
  object({
    share: z.number().min(0).max(1).exactOptional().describe('The share that may be rejected.').meta({ default: 0.05 }),
    records: count().exactOptional().describe('Of how many records in a row.').meta({ default: 10000 }),
  }),
  z.literal(false),
], { error: 'expected share and records, or false' }).describe('Stops the pipeline when so much is rejected that stream and pipeline cannot fit together: more than this share of so many records in a row. false: never.')

const source = { file: fileSource, kafka: kafkaSource, stdin: stdinSource, memory: memory<MemorySourceOptions>() }

const definition = object({
  name: text().max(200).regex(/^[^\p{Cc}]*$/u, { error: 'must be one line' }).describe('The name of the pipeline, in logs, metrics and rejects.'),
  source: z.union([oneOf('source', source), part<Source>()], { error: 'expected a mapping with one of: file, kafka, stdin' }).describe('Where records come from.'),
  when: filter.exactOptional().describe('Only records whose values at these paths are equal to these are scored; others are passed by.'),
  features: z.union([z.record(text(), feature), fn<FeaturesFunction>()], { error: 'expected a mapping of features' })
    .exactOptional().describe("The model's inputs and where they are in a record. Left out: under the model's own names."),
  strategy: oneOf('strategy', { embedded }).describe('Where the model runs.'),
  result: result.describe('What is made of a prediction.'),
  sink: z.union([oneOf('sink', sinks), part<Sink>()], { error: 'expected a mapping with one of: file, kafka, stdout' }).describe('Where results go.'),
  delivery: object({
    guarantee: z.enum(['exactly-once', 'at-least-once']).exactOptional().describe('Left out: the best that source and sinks can give together.'),
    everyMs: count().exactOptional().describe('How often results become visible and the position is committed.').meta({ default: flowDefaults.commitEveryMs }),
    bytes: count().exactOptional().describe('Also as soon as so many bytes are written.').meta({ default: flowDefaults.commitBytes }),
  }).exactOptional().describe('What is promised, and how often it is kept.'),
  reject: z.union([oneOf('reject', sinks, { stopAbove: stopAbove.exactOptional() }), part<Sink>()], { error: 'expected a mapping with one of: file, kafka, stdout' })
    .exactOptional().describe('Where records go that fail. Left out: the pipeline stops at the first one.'),
  flow: object({
    bytesMax: count().exactOptional().describe('Bytes of records in flight, at most, in all executors together.').meta({ default: flowDefaults.bytesMax }),
    batch: object({
      rows: count().exactOptional().describe('A batch with so many rows goes on at once.').meta({ default: 500 }),
      waitMs: ms().exactOptional().describe('The longest that a record waits for others.').meta({ default: 10 }),
    }).exactOptional(),
    revokeMs: ms().exactOptional().describe('How long what is in flight may take to finish when a partition is revoked.').meta({ default: flowDefaults.revokeMs }),
    drainMs: ms().exactOptional().describe('How long what is in flight may take to finish when the pipeline stops.').meta({ default: flowDefaults.drainMs }),
    retryMs: ms().exactOptional().describe('The pause before something is tried again; it grows.').meta({ default: flowDefaults.retryMs }),
    retries: z.int().min(0).exactOptional().describe('How often something is tried again.').meta({ default: flowDefaults.retries }),
  }).exactOptional().describe('Bounds of the loop.'),
  memory: object({
    modelBytesMax: count().exactOptional().describe('A model that holds more bytes in memory is refused.'),
  }).exactOptional().describe('Bounds of memory.'),
  operating: object({
    http: address.exactOptional().describe('HOST:PORT for /metrics, /livez and /readyz.'),
    stuckAfterMs: count().exactOptional().describe('/livez fails when so long nothing was committed though there is something to read.'),
    log: object({
      level: z.enum(['debug', 'info', 'warn', 'error']).exactOptional().describe('What is logged.').meta({ default: 'info' }),
      format: z.enum(['text', 'json']).exactOptional().describe('How it is logged. Left out: text on a terminal, else json.'),
    }).exactOptional(),
  }).exactOptional().describe('How it is watched.'),
  executors: z.union([count(), z.literal('auto')], { error: 'expected a whole number from 1, or auto' }).exactOptional()
    .describe('Threads that run the pipeline side by side. auto: as many as there are partitions and cores.').meta({ default: 1 }),
})

/** A pipeline, in YAML or in a program: the same object. Generated from the schema; docs/definition.md explains it. */
export type Definition = z.input<typeof definition>

/** What is wrong with a value that should be a definition. */
export function mistakesIn(value: unknown): Mistake[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path: [], text: 'a pipeline is a mapping with name, source, strategy, result and sink' }]
  const checked = definition.safeParse(value)
  const mistakes = checked.success ? [] : mistakesOf(checked.error.issues, value)
  // one for each place: what is of the wrong type is also of the wrong length
  return mistakes.filter(({ path }, i) => mistakes.findIndex((first) => first.path.join('.') === path.join('.')) === i)
}

/** Checks a pipeline that a program defines:
    ```ts
    export default pipeline({
      name: 'delays',
      source: { file: { path: 'flights.ndjson' } },
      strategy: { embedded: { model: 'delay.json' } },
      result: { merge: { late: 'probability' } },
      sink: { file: { path: 'late.ndjson' } },
    })
    ```
    @throws SLUICE_CONFIG_INVALID */
export function pipeline(definition: Definition): Definition {
  const mistakes = mistakesIn(definition)
  if (mistakes.length === 0) return definition
  throw new SluiceError('SLUICE_CONFIG_INVALID', mistakes.map(({ path, text }) => path.length === 0 ? text : `${path.join('.')}: ${text}`).join('\n  '), {
    fix: 'correct the definition',
  })
}

/** JSON Schema (2020-12) of the definition, for editors: `# yaml-language-server: $schema=...`. */
export function definitionSchema(): object {
  return {
    title: 'Sluice pipeline',
    ...z.toJSONSchema(definition, { io: 'input', unrepresentable: 'any', override: ({ jsonSchema }) => withoutProgramOnly(jsonSchema) }),
  }
}
function withoutProgramOnly(schema: z.core.JSONSchema.BaseSchema): void {
  const written = (branch: unknown): boolean => typeof branch !== 'object' || branch === null || !('programOnly' in branch)
  for (const [name, property] of Object.entries(schema.properties ?? {})) if (!written(property)) delete schema.properties![name]
  if (schema.anyOf !== undefined) schema.anyOf = schema.anyOf.filter(written)
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch { return false }
}
