/** Predictions over real-time data streams. */
export { CODES, explain, SluiceError, type Code, type ErrorDetails, type Severity } from './core/index.ts'
export type {
  Context, Delivery, Evaluator, Files, Format, Model, Ownership, Part, Position, Predicted, Predictor, ReadOptions, RecordBatch, Records, Rejection, Signature, Sink, Slices,
  Source, Tensor, TensorBatch, TensorSpec,
} from './core/index.ts'
export { open, type Answer, type OpenModel, type OpenOptions, type Row } from './open.ts'
export { checkPipeline, type CheckReport } from './pipeline/check.ts'
export { loadDefinition, type Loaded } from './pipeline/load.ts'
export { runPipeline, type RunOptions, type RunReport, type Started } from './pipeline/run.ts'
export { pipeline, type Definition } from './pipeline/schema.ts'
export { inspectModel, type Inspection } from './strategies/embedded/index.ts'
