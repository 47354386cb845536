import { z } from 'zod'
import { SluiceError } from '../core/index.ts'
import type { Sink, Source } from '../core/index.ts'
import type { FeaturesFunction, FeatureSpec, PathFeature } from '../features/options.ts'
import { DERIVED } from '../features/options.ts'
import { flowDefaults } from '../flow/parts.ts'
import type { ResultFunction } from '../results/options.ts'
import { mistakesOf } from './mistakes.ts'
import type { Mistake } from './mistakes.ts'
import { rejectSinks, sinks, sources } from './schema-connectors.ts'
import { address, category, count, filter, fn, ms, object, oneOf, part, path, scalar, text, zone } from './schema-words.ts'

const feature = z.union([
  path('orWhole').describe('The path of the value in the record, such as trip.km or items[0].price; $ is a record that is a list itself.'),
  object({
    path: path('orWhole').describe('The path of the value in the record, such as trip.km or items[0].price; $ is a record that is a list itself.'),
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

const rejectHeaders = z.enum(['connect', 'streams', 'spring']).describe('Rejects also carry the headers that dead letters of Kafka Connect, Kafka Streams or Spring Kafka have.')
const stopAbove = z.union([
  object({
    share: z.number().min(0).max(1).exactOptional().describe('The share that may be rejected.').meta({ default: 0.05 }),
    records: count().exactOptional().describe('Of how many records in a row.').meta({ default: 10000 }),
  }),
  z.literal(false),
], { error: 'expected share and records, or false' }).describe('Stops the pipeline when so much is rejected that stream and pipeline cannot fit together: more than this share of so many records in a row. false: never.')

const definition = object({
  name: text().max(200).regex(/^[^\p{Cc}]*$/u, { error: 'must be one line' }).describe('The name of the pipeline, in logs, metrics and rejects.'),
  source: z.union([oneOf('source', sources), part<Source>()], { error: 'expected a mapping with one of: file, kafka, stdin' }).describe('Where records come from.'),
  when: filter.exactOptional().describe('Only records whose values at these paths are equal to these are scored; others are passed by.'),
  features: z.union([z.record(text(), feature), fn<FeaturesFunction>()], { error: 'expected a mapping of features' })
    .exactOptional().describe("The model's inputs and where they are in a record. Left out: under the model's own names; of records that are lists, the list itself, if the inputs have no names."),
  strategy: oneOf('strategy', { embedded }).describe('Where the model runs.'),
  result: result.describe('What is made of a prediction.'),
  sink: z.union([oneOf('sink', sinks), part<Sink>()], { error: 'expected a mapping with one of: file, kafka, stdout' }).describe('Where results go.'),
  delivery: object({
    guarantee: z.enum(['exactly-once', 'at-least-once']).exactOptional().describe('Left out: the best that source and sinks can give together.'),
    everyMs: count().exactOptional().describe('How often results become visible and the position is committed.').meta({ default: flowDefaults.commitEveryMs }),
    bytes: count().exactOptional().describe('Also as soon as so many bytes are written.').meta({ default: flowDefaults.commitBytes }),
  }).exactOptional().describe('What is promised, and how often it is kept.'),
  reject: z.union([oneOf('reject', rejectSinks, { stopAbove: stopAbove.exactOptional(), headers: rejectHeaders.exactOptional() }), part<Sink>()], { error: 'expected a mapping with one of: file, kafka, stdout' })
    .exactOptional().describe('Where records go that fail. Left out: the pipeline stops at the first one.'),
  flow: object({
    bytesMax: count().exactOptional().describe('Bytes of records in flight, at most, in all executors together. Left out: two of the largest batches of the source for each executor, four if batches are joined.'),
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
