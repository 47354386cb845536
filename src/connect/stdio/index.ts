/** Standard input and output as source and sink. */
export type { StdinOptions, StdoutOptions } from './options.ts'
export { openStdinSource } from './source.ts'
export { openStdoutSink } from './sink.ts'
