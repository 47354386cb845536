import { ownPath } from '../connect/file/options.ts'
import { SluiceError } from '../core/index.ts'
import type { Context, Part, Result, Sink, Source } from '../core/index.ts'
import type { Definition } from './schema.ts'

/** A definition's source or sinks, opened. Each outside system is imported when a pipeline names it. */
export function openSource(source: Definition['source'], context: Context): Promise<Source> {
  if (isPart<Source>(source)) return source.open(context)
  if ('file' in source) return import('../connect/file/index.ts').then(({ openFileSource }) => openFileSource(source.file, context))
  if ('kafka' in source) return openKafka(source.kafka, context)
  if ('stdin' in source) return import('../connect/stdio/index.ts').then(({ openStdinSource }) => openStdinSource(source.stdin, context))
  return import('../connect/memory/source.ts').then(({ memorySource }) => memorySource(source.memory, context.clock))
}

type Kafka = Extract<Definition['source'], { readonly kafka: unknown }>['kafka']
async function openKafka({ codec, ...options }: Kafka, context: Context): Promise<Source> {
  const { openKafkaSource } = await import('../connect/kafka/index.ts')
  const source = await openKafkaSource(options, context)
  if (codec === undefined) return source
  try {
    return await (await import('../connect/registry/index.ts')).decoding(source, codec, context)
  } catch (error) {
    await source.close()
    throw error
  }
}
const kafkaOf = (source: Definition['source']): Kafka | undefined => !isPart(source) && 'kafka' in source ? source.kafka : undefined

/** The result with its values written as the sink's codec says: sinks and deliveries know no codecs. */
export async function codedResult(result: Result, { source, sink }: Definition, context: Context): Promise<Result> {
  const written = !isPart(sink) && 'kafka' in sink ? sink.kafka : undefined
  if (written?.codec === undefined && kafkaOf(source)?.codec === undefined) return result
  const { encoding, unframed } = await import('../connect/registry/index.ts')
  return written?.codec === undefined ? unframed(result) : encoding(result, written.codec, written.topic, context)
}

/** `as`: what it is for, of which pipeline; rejects are written with their keys, headers and causes where results are written as values. */
export async function openSink(sink: Exclude<Definition['reject'], undefined>, as: 'results' | 'rejects', { name, source }: Pick<Definition, 'name' | 'source'>, context: Context): Promise<Sink> {
  if (isPart<Sink>(sink)) return sink.open(context)
  const format = as === 'rejects' ? { format: 'records' as const } : {}
  if ('file' in sink) return import('../connect/file/index.ts').then(({ openFileSink }) => openFileSink({ ...format, ...sink.file }, context))
  if ('kafka' in sink) {
    const { brokers, codec: _, ...options } = { codec: undefined, ...sink.kafka }
    const connection = brokers === undefined ? kafkaOf(source) : { brokers }
    if (connection === undefined) throw new SluiceError('SLUICE_CONFIG_INVALID', `the ${as} go to Kafka topic '${options.topic}', and brokers are not named`, { why: 'the source is not Kafka, whose brokers would be taken', fix: 'add brokers: host:9092' })
    return import('../connect/kafka/index.ts').then(({ connectionOf, openKafkaSink }) => openKafkaSink({ ...connectionOf(connection), ...options }, context, { name }))
  }
  if ('stdout' in sink) return import('../connect/stdio/index.ts').then(({ openStdoutSink }) => openStdoutSink({ ...format, ...sink.stdout }, context))
  return import('../connect/memory/sink.ts').then(({ memorySink }) => memorySink(sink.memory, context.clock))
}

/** The source for a look at its records while the pipeline may be running: the group of its members is left in peace. */
export function asideOf(source: Definition['source']): Definition['source'] {
  const kafka = kafkaOf(source)
  if (kafka === undefined) return source
  const { instance: _, ...options } = { instance: undefined, ...kafka }
  return { kafka: { ...options, group: `${kafka.group}.check` } }
}

/** How many partitions a source has, for `executors: auto`; 1 where only the source itself will know. */
export async function partitionsOf(source: Definition['source'], context: Pick<Context, 'clock' | 'log' | 'signal'>): Promise<number> {
  if (isPart(source)) return 1
  if ('kafka' in source) return import('../connect/kafka/index.ts').then(({ partitionsOf }) => partitionsOf(source.kafka, context))
  if (!('file' in source)) return 1
  const { filesOf } = await import('../connect/file/index.ts')
  return (await filesOf(source.file)).length
}

/** Where a sink writes, for the report: with several executors each has a file of its own. */
export function placesOf(sink: Definition['reject'], executors: number): readonly string[] {
  if (sink === undefined || isPart(sink)) return []
  if ('file' in sink) return Array.from({ length: executors }, (_, executor) => ownPath(sink.file.path, { executor, executors }))
  if ('kafka' in sink) return [`topic ${sink.kafka.topic}`]
  return 'stdout' in sink ? ['the standard output'] : []
}

export const isPart = <T>(part: object): part is Part<T> => 'open' in part && typeof part.open === 'function'
