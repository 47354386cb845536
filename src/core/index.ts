/** The words. Imports nothing. */
export * from './control.ts'
export * from './errors.ts'
export * from './models.ts'
export * from './parts.ts'
export * from './records.ts'
export * from './stages.ts'
export * from './system.ts'
export * from './tensors.ts'
