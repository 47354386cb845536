/** Suites for parts that are made elsewhere: whoever passes them works in the loop. */
export { countingArena, testContext } from './context.ts'
export type { CountingArena } from './context.ts'
export { sinkSuite } from './sink.ts'
export type { MakeSink, SinkBed, SinkParts } from './sink.ts'
export { sourceSuite } from './source.ts'
export type { MakeSource, SourceBed } from './source.ts'
export type { SuiteOptions } from './suite.ts'
