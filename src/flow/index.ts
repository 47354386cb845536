export { systemClock } from './clock.ts'
export { flowDefaults } from './parts.ts'
export type { Counts, Ended, FlowOptions, FlowParts, JoinOptions, StopAbove } from './parts.ts'
export { run } from './run.ts'
