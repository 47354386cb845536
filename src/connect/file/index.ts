/** Files as source and sink. */
export { filesOf } from './files.ts'
export type { SourceFile } from './files.ts'
export type { FileFormat, FileSinkOptions, FileSourceOptions } from './options.ts'
export { openFileSink } from './sink.ts'
export { openFileSource } from './source.ts'
