/** Predictions over real-time data streams. */
export { CODES, explain, SluiceError, type Code, type ErrorDetails, type Severity } from './core/index.ts'
export type { Context, Delivery, Ownership, Part, Position, RecordBatch, Records, Rejection, Sink, Slices, Source } from './core/index.ts'
export { open, type Answer, type OpenModel, type OpenOptions, type Row } from './open.ts'
export { checkPipeline, type CheckReport } from './pipeline/check.ts'
export { loadDefinition, type Loaded } from './pipeline/load.ts'
export { runPipeline, type RunOptions, type RunReport, type Started } from './pipeline/run.ts'
export { pipeline, type Definition } from './pipeline/schema.ts'
export { inspectModel, type Inspection } from './strategies/embedded/index.ts'
