/** For the tests of pipelines: `sluice/testing`. */
export { FakeClock } from './clock.ts'
export { runInMemory, type Out, type Outcome } from './run-in-memory.ts'
