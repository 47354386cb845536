/** Who answers: route tables, and their exchange between batches. */
export * from './compatible.ts'
export * from './routers.ts'
export * from './swap.ts'
