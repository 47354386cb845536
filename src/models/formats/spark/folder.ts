import type { Files } from '../../../core/models.ts'
import { dataOf } from './data.ts'
import type { Data } from './data.ts'
import { broken, isMetadata, metadataOf } from './metadata.ts'
import type { Metadata } from './metadata.ts'
import { tableOf } from './parquet/table.ts'

/** The folder of a pipeline, of a stage, of a model. */
export interface Folder {
  /** From the root of the model: 'stages/1_KMeans_4ef8c2c9e098'; '' is the root itself. */
  readonly at: string
  metadata(): Promise<Metadata>
  /** The rows of the Parquet files of a folder in it, in the order of their names. */
  table(name: string): Promise<Data>
  /** The content of the only file of a folder in it whose name begins with part-. */
  line(name: string): Promise<Uint8Array>
  inner(name: string): Folder
  has(name: string): boolean
}

/** Where `metadata/part-00000` of Spark ML lies: at the root, or one level down in `model` or `sparkml` (MLflow), or in the only folder of an archive. Other
    folders may be versions. */
export async function rootOf(files: Files, inArchive: boolean): Promise<string | undefined> {
  const folders = inArchive ? [...new Set(files.names.map(name => name.slice(0, name.indexOf('/'))))] : []
  for (const root of ['', 'model', 'sparkml', ...folders.length === 1 ? folders : []]) {
    const part = partsOf(files, join(root, 'metadata'))[0]
    if (part !== undefined && isMetadata(await files.read(part))) return root
  }
  return undefined
}

export function folderOf(files: Files, root: string, at = ''): Folder {
  const path = join(root, at)
  const line = async (name: string): Promise<Uint8Array> => {
    const parts = partsOf(files, join(path, name))
    // of a line Spark writes one file; others are empty
    const contents = (await Promise.all(parts.map(part => files.read(part)))).filter(({ length }) => length > 0)
    if (contents.length !== 1) throw broken(join(at, name), `there are ${contents.length} files part-... with a line where one belongs`)
    return contents[0]!
  }
  return {
    at, line,
    has: name => files.names.some(file => file.startsWith(`${join(path, name)}/`)),
    inner: name => folderOf(files, root, join(at, name)),
    metadata: async () => metadataOf(await line('metadata'), join(at, 'metadata')),
    table: async name => {
      const parts = partsOf(files, join(path, name)).filter(part => part.endsWith('.parquet'))
      return dataOf(await tableOf(await Promise.all(parts.map(async part => ({ name: part, bytes: await files.read(part) }))), join(at, name)))
    },
  }
}

const partsOf = (files: Files, folder: string): readonly string[] => files.names.filter(name => name.startsWith(`${folder}/part-`) && !name.includes('/', folder.length + 1)).sort()
const join = (...parts: readonly string[]): string => parts.filter(part => part !== '').join('/')
