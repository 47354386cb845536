import { z } from 'zod'
import type { MemorySinkOptions, MemorySourceOptions } from '../connect/memory/options.ts'
import { count, ms, object, oneOf, programOnly, text } from './schema-words.ts'

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

const registry = object({
  url: z.union([text(), z.array(text()).min(1).readonly()], { error: 'expected a URL or a list of URLs' })
    .describe("Where the registry is, with the path of Confluent's API, or several that are tried one after the other."),
  username: text().exactOptional().describe('Who asks.'),
  password: z.string().exactOptional().describe('Write ${NAME} or ${file:PATH}, not the word itself.'),
  token: text().exactOptional().describe('Instead of user and password: a bearer token.'),
  timeoutMs: count().exactOptional().describe('A request without an answer for so long is given up.').meta({ default: 10000 }),
}).describe("A schema registry that speaks Confluent's API.")
const readCodec = oneOf('codec', {
  avro: object({ registry, readerSchema: text().exactOptional().describe('A file with the schema that values are read as. Left out: as they were written.') }).describe('Values are Avro.'),
  protobuf: object({ registry }).describe('Values are Protobuf.'),
  jsonSchema: object({ registry }).describe('Values are JSON that a schema describes.'),
}).describe('Values name a schema of a registry. Left out: they are JSON.')
const written = {
  registry,
  subject: text().exactOptional().describe('Under which the schema is registered. Left out: TOPIC-value.'),
  version: z.union([count(), z.literal('latest')], { error: 'expected a number from 1, or latest' }).exactOptional().describe('Which version is written; latest: when the pipeline starts.').meta({ default: 'latest' }),
  schemaFile: text().exactOptional().describe('A file with the schema, instead of a version.'),
  register: z.boolean().exactOptional().describe('Registers the schema of schemaFile if the subject does not have it.').meta({ default: false }),
  framing: z.enum(['v0', 'v1']).exactOptional().describe('Where a record names its schema: before the value, or in a header.').meta({ default: 'v0' }),
}
const writeCodec = oneOf('codec', {
  avro: object(written).describe('Results become Avro.'),
  protobuf: object({ ...written, message: text().exactOptional().describe('The message, if it is not the first of its file.') }).describe('Results become Protobuf.'),
  jsonSchema: object(written).describe('Results become JSON that a schema checks.'),
}).describe('Results are written by a schema of a registry. Left out: as JSON.')

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
  codec: readCodec.exactOptional(),
}).describe('Records from topics, as a member of a consumer group.')

const kafkaTarget = {
  brokers: brokers().exactOptional().describe('host:port, one or several. Left out: the connection of the source, if that is Kafka.'),
  ...connection,
  topic: text().describe('The topic to write to.'),
  compression: z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).exactOptional().describe('How record batches are compressed.').meta({ default: 'none' }),
  lingerMs: ms().exactOptional().describe('How long a record may wait for others.').meta({ default: 5 }),
  batchBytes: count().exactOptional().describe('Bytes of a record batch.').meta({ default: 1048576 }),
  recordBytesMax: count().exactOptional().describe('A larger record is refused. Left out: what the topic takes.'),
  transactionTimeoutMs: count().exactOptional().describe('The broker aborts a transaction that is open for so long.').meta({ default: 15000 }),
}
const kafkaSink = object({ ...kafkaTarget, codec: writeCodec.exactOptional() }).describe('Records into a topic; exactly once from topics of the same cluster.')

const memory = <T extends object>() => programOnly<T>((value) => typeof value === 'object' && value !== null)

export const sources = { file: fileSource, kafka: kafkaSource, stdin: stdinSource, memory: memory<MemorySourceOptions>() }
export const sinks = { file: fileSink, kafka: kafkaSink, stdout: stdoutSink, memory: memory<MemorySinkOptions>() }
/** Rejects are written as they came: no codec writes them. */
export const rejectSinks = { ...sinks, kafka: object(kafkaTarget).describe('Records into a topic, with their causes as headers.') }
