export type Kind = 'counter' | 'gauge' | 'histogram'

export interface FamilyEntry {
  readonly kind: Kind
  readonly help: string
  /** How the gauges of several executors become one. Counters and histograms are always summed. */
  readonly combine?: 'sum' | 'max'
}

const counter = (help: string): FamilyEntry => ({ kind: 'counter', help })
const gauge = (combine: 'sum' | 'max', help: string): FamilyEntry => ({ kind: 'gauge', help, combine })
const histogram = (help: string): FamilyEntry => ({ kind: 'histogram', help })

/** Every metric that Sluice itself makes; docs/operating.md says what to do about them. Metrics of parts made elsewhere need no entry: their
    kind is the method they were first recorded with, their gauges are summed. */
export const FAMILIES: { readonly [name: string]: FamilyEntry } = {
  sluice_records_total: counter('Records by what became of them: scored, rejected, filtered, skipped or tombstone; counted when they are committed.'),
  sluice_rejected_total: counter('Rejected records by the stage that rejected them and the error code.'),
  sluice_source_lag_records: gauge('sum', 'Records of a partition that are not committed yet, as far as the source knows.'),
  sluice_source_lag_seconds: gauge('max', 'Age of the oldest of them, as far as the source knows.'),
  sluice_partitions: gauge('sum', 'Partitions of the source that are read here.'),
  sluice_commit_age_seconds: gauge('max', 'Seconds since the last commit, of the executor where it is longest ago.'),
  sluice_paused_seconds_total: counter('Seconds in which nothing was read, by reason.'),
  sluice_paused: gauge('max', '1 while nothing is read, by reason: sink, predict or retry.'),
  sluice_inflight_bytes: gauge('sum', 'Bytes of the batches that are read and not written.'),
  sluice_latency_seconds: histogram('Seconds from reading a record to its result being written.'),
  sluice_predict_seconds: histogram('Seconds that one call of the predictor took.'),
  sluice_commit_seconds: histogram('Seconds that one commit took.'),
  sluice_model_info: gauge('max', 'Always 1; the labels name the models in use.'),
  sluice_model_swaps_total: counter('Versions that took the place of the one before them, by model.'),
  sluice_model_refused_total: counter('New versions of a model that were not taken, by model and error code.'),
  sluice_series_dropped_total: counter('Recordings that were left out because their metric has too many different labels.'),
}

export const combineOf = (name: string): 'sum' | 'max' => FAMILIES[name]?.combine ?? 'sum'
