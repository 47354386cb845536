/** Models in this process, read from the file system and exchanged while the pipeline runs. */
export { embedded, type Embedded, type EmbeddedContext, type EmbeddedOptions } from './embedded.ts'
export { inspectModel, type Inspection } from './inspect.ts'
export type { Version } from './version.ts'
export { openImages } from './images.ts'
export type { Images } from './images.ts'
export type { Read } from './read.ts'
