export * from './columns.ts'
export * from './options.ts'
