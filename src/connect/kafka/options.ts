/** How the brokers are reached; source and sink have it in common. */
export interface KafkaConnection {
  /** `host:port`, one or several, also separated by commas: where the cluster is asked first. */
  readonly brokers: string | readonly string[]
  /** How the brokers call us in logs and quotas. Default `sluice`. */
  readonly clientId?: string
  readonly tls?: boolean | KafkaTls
  readonly sasl?: KafkaSasl
  /** A request without an answer for so long is given up. Default 30000. */
  readonly requestTimeoutMs?: number
}
export interface KafkaTls {
  /** PEM: who signed the brokers' certificates. Left out: the authorities Node knows. */
  readonly caFile?: string
  /** PEM: our own certificate and key, where brokers ask for them. */
  readonly certFile?: string
  readonly keyFile?: string
  /** The name in the certificate, where it is not the host. */
  readonly servername?: string
  /** false: any certificate will do. */
  readonly rejectUnauthorized?: boolean
}
export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer'
  readonly username?: string
  readonly password?: string
  readonly token?: string
}

/** Records of topics, read as a member of a consumer group. Each partition is named `topic/number`. */
export interface KafkaSourceOptions extends KafkaConnection {
  readonly topics?: readonly string[]
  /** Instead of topics: all whose whole name fits, also those made later (RE2, as the broker reads it). */
  readonly pattern?: string
  /** The group that keeps the positions. Every executor, of any process, is a member of it. */
  readonly group: string
  /** Where reading begins in partitions of which the group has no position: `earliest` (default), `latest`, or an ISO time. */
  readonly from?: 'earliest' | 'latest' | (string & {})
  /** Static membership: a restart within the group's session time-out gets its partitions back, and nobody else's move. With several executors `-` and
      its number are appended. */
  readonly instance?: string
  /** Default `read_committed`: records of transactions that were aborted, or are still open, are not read. */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** Compares the checksum of every record batch. Default false: TCP and the broker have their own. */
  readonly checkCrcs?: boolean
  /** Bytes of a batch, and of a partition in one fetch. Default 1048576. */
  readonly batchBytes?: number
  /** Bytes of one fetch from one broker. Default 8388608. */
  readonly fetchBytes?: number
  /** How long a broker may wait for `fetchMinBytes`. Default 500. */
  readonly fetchWaitMs?: number
  /** Default 1. */
  readonly fetchMinBytes?: number
  /** A larger record is rejected, with its beginning as value. Default 16777216; what is in flight (flow.bytesMax) must hold one such record. */
  readonly recordBytesMax?: number
  /** How long a member may take to give partitions back. Default 45000. */
  readonly rebalanceMs?: number
}

/** Records into a topic. A key goes to the partition where Java's producer puts it (murmur2); records without one go to all partitions in turn, a batch each. */
export interface KafkaSinkOptions extends KafkaConnection {
  readonly topic: string
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** How long a record may wait for others. Default 5. */
  readonly lingerMs?: number
  /** Bytes of a record batch. Default 1048576. */
  readonly batchBytes?: number
  /** A larger record is refused. */
  readonly recordBytesMax?: number
  /** The broker aborts what is open for longer: so long may readers wait for a process that was killed and has no `instance`. Default 15000. */
  readonly transactionTimeoutMs?: number
}

/** The part of options that says how the brokers are reached. */
export const connectionOf = ({ brokers, clientId, tls, sasl, requestTimeoutMs }: KafkaConnection): KafkaConnection => ({
  brokers, ...(clientId === undefined ? {} : { clientId }), ...(tls === undefined ? {} : { tls }), ...(sasl === undefined ? {} : { sasl }),
  ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
})
