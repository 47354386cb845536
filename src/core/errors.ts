/** What an error makes the loop do. `record`: reject this record and go on. `retry`: slow down, try again. `fatal`: drain, commit what is
    done, stop. */
export type Severity = 'record' | 'retry' | 'fatal'

interface CodeEntry { readonly severity: Severity; readonly why: string; readonly fix: string }

const record = (why: string, fix: string): CodeEntry => ({ severity: 'record', why, fix })
const retry = (why: string, fix: string): CodeEntry => ({ severity: 'retry', why, fix })
const fatal = (why: string, fix: string): CodeEntry => ({ severity: 'fatal', why, fix })

/** Every code there is. Its meaning does not change within a major version; docs/errors.md has a heading for each. `why` and `fix` are what
    is said when the place that throws knows nothing better. */
export const CODES = {
  // records
  SLUICE_JSON_BROKEN: record('the value is not valid JSON', 'look at the bytes with `sluice rejects show`; mend the producer, then replay'),
  SLUICE_JSON_NO_OBJECT: record('a record is a JSON object, or a list where features ask for one; this value is valid JSON of another kind', 'wrap the value in an object; into lists go paths such as `[0]`, and `$` is a list itself'),
  SLUICE_UTF8_BROKEN: record('the value is not valid UTF-8', 'send UTF-8; other encodings must be converted before'),
  SLUICE_CSV_BROKEN: record('the line does not follow RFC 4180 or has another number of cells than the header', 'quote cells that hold commas, quotes or line breaks'),
  SLUICE_RECORD_TOO_LARGE: record('the record is larger than the limit', 'raise recordBytesMax, or make the record smaller'),
  SLUICE_RECORD_REFUSED: record('the sink does not take this record', 'see what it says: in Kafka a compacted topic takes no record without a key, and no topic one from too far in the future'),
  SLUICE_FEATURE_MISSING: record('the model needs this feature and the record does not have it', 'give the feature a default, or correct its path'),
  SLUICE_FEATURE_TYPE: record('the value at this path has another type than the model needs', 'correct the path, or convert it with a function'),
  SLUICE_FEATURE_FAILED: record('the feature function threw', 'see the cause'),
  SLUICE_CATEGORY_UNKNOWN: record('the model was not trained with this category and has no rule for unknown ones', 'train with it, or map it to a known one'),
  SLUICE_NO_MODEL: record('no route leads from this key to a model', 'add a route, or a default one'),
  SLUICE_PREDICT_FAILED: record('the model could not answer for this record', 'see the cause'),
  SLUICE_RESULT_FAILED: record('the result could not be written for this record', 'see the cause'),
  SLUICE_SCHEMA_UNKNOWN: record('the registry does not know the schema that the value names', 'produce with the registry that the pipeline uses; then replay'),
  SLUICE_SCHEMA_MISMATCH: record('the value and its schema do not fit together', 'compare the schema that is named with what the producer writes'),
  // try again
  SLUICE_SOURCE_AWAY: retry('the source cannot be reached', 'nothing: it is tried again until it answers'),
  SLUICE_SINK_AWAY: retry('the sink cannot be reached', 'nothing: it is tried again until it answers'),
  SLUICE_REGISTRY_AWAY: retry('the schema registry cannot be reached', 'nothing: the source waits until it answers'),
  SLUICE_FENCED: retry('the partition has changed hands', 'nothing: its new owner reads on from the committed position'),
  SLUICE_WRITE_BEFORE_FAILED: retry('a write before this one failed, and order must hold', 'nothing: both are written again'),
  SLUICE_POSITION_GAP: retry('a batch does not follow the one before it', 'nothing: the source is read again from the committed position'),
  SLUICE_REVOKE_LATE: retry('a partition was revoked and what was in flight could not be committed in time', 'nothing is lost; raise flow.revokeMs if it happens often'),
  SLUICE_PARTITION_LOST: retry('a partition was lost in the middle of a unit of delivery', 'nothing: the unit is aborted and read again'),
  SLUICE_SINK_REFUSED: retry('the sink refused a record and there is no reject sink', 'nothing: it is read again up to that record, and the pipeline stops there'),
  SLUICE_DRAIN_LATE: retry('stopping took longer than flow.drainMs', 'nothing is lost: the next start reads on from the committed position'),
  // the end
  SLUICE_SOURCE_FAILED: fatal('the source failed in a way it has no name for', 'see the cause'),
  SLUICE_WRITE_FAILED: fatal('a write failed in a way the sink has no name for', 'see the cause'),
  SLUICE_COMMIT_FAILED: fatal('a commit failed in a way its maker has no name for', 'see the cause'),
  SLUICE_PIPELINE_FAILED: fatal('a part of the pipeline threw what is not a SluiceError: a mistake in its code', 'see the cause'),
  SLUICE_RETRIES_SPENT: fatal('it was tried again as often as flow.retries allows', 'see the cause'),
  SLUICE_NO_PROGRESS: fatal('many attempts in a row ended without a commit', 'see the cause'),
  SLUICE_RECORD_REJECTED: fatal('a record failed and the pipeline has no reject sink, so it stops rather than lose it', 'add `reject:` to the pipeline, mend the record, or pass it by with --skip'),
  SLUICE_REJECTS_ABOVE: fatal('more records were rejected than reject.stopAbove allows: the stream and the pipeline do not fit together any more', 'look at the rejects with `sluice rejects list`; then correct the features, or raise reject.stopAbove'),
  SLUICE_REJECT_REFUSED: fatal('the reject sink refused a record', 'let the reject sink take larger records than the sink'),
  SLUICE_GUARANTEE_UNAVAILABLE: fatal('delivery.guarantee asks for exactly-once, which this source and these sinks cannot give together', 'use sinks that keep the position (file), or say at-least-once'),
  SLUICE_DISK_FULL: fatal('there is no space left where the output is written', 'make room and start again: nothing is lost, the output continues at the committed position'),
  SLUICE_FILE_MISSING: fatal('there is no such file', 'correct the path'),
  SLUICE_FILE_DENIED: fatal('the file may not be read or written', 'change its permissions, or the user'),
  SLUICE_FILE_SHRUNK: fatal('the file is shorter than the position that was committed: it was replaced or cut', 'restore it, or remove the position file and the output to begin anew'),
  SLUICE_FILE_IN_USE: fatal('another process writes this output', 'stop it, or choose another path'),
  SLUICE_FILE_CHANGED: fatal('the file is not the one whose position was committed: no record begins there', 'restore it, or remove the position file and the output to begin anew'),
  SLUICE_OUTPUT_EXISTS: fatal('the output holds records already, and no position says which', 'remove it to begin anew, bring back its position file, or choose another path'),
  SLUICE_OUTPUT_CLOSED: fatal('who read the output has gone', 'nothing, if that was meant (`| head`); what was read is complete'),
  SLUICE_FILE_FORMAT: fatal('the file is not of the format that was named', 'name its format, or correct the path'),
  SLUICE_POSITION_BROKEN: fatal('the position file cannot be read', 'remove it to begin anew (records are then written again)'),
  SLUICE_MODEL_MISSING: fatal('there is no model at this place', 'correct the path, or put a model there'),
  SLUICE_MODEL_UNKNOWN: fatal('no format recognises these files', '`sluice formats` lists what can be read'),
  SLUICE_MODEL_BROKEN: fatal('the model file is damaged or truncated', 'copy it again from where it was trained'),
  SLUICE_MODEL_UNSUPPORTED: fatal('the model uses something that is not understood, and nothing is approximated', 'see docs/formats.md for what is understood'),
  SLUICE_MODEL_TOO_LARGE: fatal('the model holds more memory than memory.modelBytesMax allows', 'raise it, use a smaller model, or run fewer executors'),
  SLUICE_MODEL_MISMATCH: fatal('a new version has another signature than the pipeline was checked against', 'give it another name, or start the pipeline anew'),
  SLUICE_FEATURE_UNKNOWN: fatal('the model wants an input for which the pipeline names no feature', 'add it to features'),
  SLUICE_FEATURE_UNUSED: fatal('the pipeline names a feature that the model does not have', 'remove it, or correct its name'),
  SLUICE_OUTPUT_UNKNOWN: fatal('the model has no output of this name', '`sluice inspect MODEL` lists its outputs'),
  SLUICE_CONFIG_INVALID: fatal('the pipeline file does not fit the schema', 'correct the line that is named'),
  SLUICE_CONFIG_MISSING: fatal('the pipeline file cannot be read', 'correct the path'),
  SLUICE_SECRET_MISSING: fatal('the pipeline refers to a variable or file that is not there', 'set it before starting'),
  SLUICE_DEPENDENCY_MISSING: fatal('this part needs a package that is not installed', 'install it with the line given'),
  SLUICE_PORT_IN_USE: fatal('the address cannot be listened on', 'choose another with --http'),
  SLUICE_TOPIC_MISSING: fatal('the broker has no such topic', 'create it, or correct its name'),
  SLUICE_NOT_AUTHORIZED: fatal('the broker does not allow this user what the pipeline needs', 'grant the operation that is named on the resource that is named'),
  SLUICE_AUTHENTICATION_FAILED: fatal('the broker refused the credentials', 'correct mechanism, user and password'),
  SLUICE_BROKER_UNSUPPORTED: fatal('the broker does not speak a version of the protocol that is needed', 'use a broker of version 4.0 or newer'),
  SLUICE_BATCH_CORRUPT: fatal('a record batch of the topic is damaged: nothing after it can be read safely', 'repair the partition, or go on behind the batch with --skip'),
  SLUICE_COMPRESSION_UNKNOWN: fatal('a record batch is compressed in a way that is not known', 'produce with gzip, snappy, lz4, zstd or none'),
  SLUICE_PRODUCER_FENCED: fatal('another process uses the same transactional id and has taken over', 'give each pipeline its own name, and run one executor per slot'),
  SLUICE_INSTANCE_TAKEN: fatal('another process runs as the same instance of the group and has taken over its partitions', 'give each process its own `instance`'),
  SLUICE_TRANSACTION_FAILED: retry('the transaction was aborted by the broker', 'nothing: it is read again from the committed position'),
  SLUICE_OFFSET_OUT_OF_RANGE: fatal('the committed position is no longer in the topic: records were deleted before they were read', 'accept the loss by resetting the group, and raise the retention of the topic'),
  SLUICE_VERIFY_DIFFERS: fatal('the model answers differently from what was expected', 'see the first difference'),
} as const satisfies { readonly [code: string]: CodeEntry }

export type Code = keyof typeof CODES

export interface ErrorDetails {
  readonly at?: string                 // where: file:line:column, topic/partition@offset, model and node
  readonly why?: string
  readonly fix?: string
  readonly cause?: unknown
  readonly severity?: Severity         // of codes that are not in the table, made by parts from elsewhere; else the table's
}

/** The one class of errors. The message says what; `why` and `fix` are one sentence each. */
export class SluiceError extends Error {
  readonly code: Code | (string & {})
  readonly severity: Severity
  readonly at: string | undefined
  readonly why: string
  readonly fix: string
  constructor(code: Code | (string & {}), message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    const entry: CodeEntry | undefined = (CODES as { readonly [code: string]: CodeEntry })[code]
    this.name = 'SluiceError'
    this.code = code
    this.severity = entry?.severity ?? details.severity ?? 'fatal'
    this.at = details.at
    this.why = details.why ?? entry?.why ?? ''
    this.fix = details.fix ?? entry?.fix ?? ''
  }
}

/** The lines a user sees: what, code, where, why, fix, and the first cause. */
export function explain(error: unknown): string {
  if (!(error instanceof SluiceError)) return error instanceof Error ? error.stack ?? String(error) : String(error)
  const lines = [`SluiceError: ${error.message}`, `  code: ${error.code}`]
  if (error.at !== undefined) lines.push(`  at:   ${error.at}`)
  if (error.why !== '') lines.push(`  why:  ${error.why}`)
  if (error.fix !== '') lines.push(`  fix:  ${error.fix}`)
  if (error.cause !== undefined) lines.push(`  from: ${error.cause instanceof Error ? error.cause.message : String(error.cause)}`)
  return lines.join('\n')
}
