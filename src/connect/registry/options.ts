/** A schema registry that speaks Confluent's REST API: Confluent's own, Apicurio (`.../apis/ccompat/v7`), Karapace, Redpanda. Its certificate
    must be signed by an authority that Node knows (NODE_EXTRA_CA_CERTS names more). */
export interface RegistryOptions {
  /** Where it is, or several that are tried one after the other. */
  readonly url: string | readonly string[]
  readonly username?: string
  readonly password?: string
  /** Instead of user and password: a bearer token. */
  readonly token?: string
  /** A request without an answer for so long is given up. Default 10000. */
  readonly timeoutMs?: number
}

/** How the values of a source are read: each names its schema, by a prefix (v0) or a header (v1). */
export type ReadCodec = { readonly avro: AvroReadOptions } | { readonly protobuf: ReadOptions } | { readonly jsonSchema: ReadOptions }
export interface ReadOptions { readonly registry: RegistryOptions }
export interface AvroReadOptions extends ReadOptions {
  /** A file with the schema that values are read as, whatever schema they were written with. Left out: as they were written. */
  readonly readerSchema?: string
}

/** How results are written. */
export type WriteCodec = { readonly avro: WriteOptions } | { readonly protobuf: ProtobufWriteOptions } | { readonly jsonSchema: WriteOptions }
export interface WriteOptions {
  readonly registry: RegistryOptions
  /** Under which the schema is registered. Default `TOPIC-value`. */
  readonly subject?: string
  /** Which version of it is written. Default: the latest, when the pipeline starts. */
  readonly version?: number | 'latest'
  /** A file with the schema, instead of a version: the subject must have it. */
  readonly schemaFile?: string
  /** Registers the schema of `schemaFile` when the pipeline starts, if the subject does not have it. Default false. */
  readonly register?: boolean
  /** Where a record names its schema: `v0` (default), before the value; `v1`, in the header `__value_schema_id`. */
  readonly framing?: 'v0' | 'v1'
}
export interface ProtobufWriteOptions extends WriteOptions {
  /** The message, if it is not the first of its file: `Ride`, `rides.v1.Ride`. */
  readonly message?: string
}
