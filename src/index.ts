export { CODES, explain, SluiceError, type Code, type ErrorDetails, type Severity } from './core/index.ts'
export { open, type Answer, type OpenModel, type OpenOptions, type Row } from './open.ts'
export { inspectModel, type Inspection } from './strategies/embedded/index.ts'
