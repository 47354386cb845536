import { SluiceError } from '../../../core/errors.ts'
import type { Files } from '../../../core/models.ts'
import { findFile } from '../files.ts'
import { isZip, zipFiles } from '../zip.ts'
import { operationOfJson, parseJson, portsOfJson } from './json.ts'
import { operationOfProto, portsOfProto } from './proto.ts'
import { attributesOf } from './values.ts'
import type { Attributes, Ports } from './values.ts'

/* A bundle (mleap-docs: "MLeap Bundle"): bundle.json, and below root/ one folder `<name>.node` for each step, with node.json (names of the
   columns at its ports) and model.json (operation and attributes), or node.pb and model.pb. A pipeline has the folders of its steps in its own.
   Models within models (trees of a forest, classifiers of a one-vs-rest) are folders that have no node file. */

/** One operation, ready to be read. */
export interface Part {
  readonly op: string
  readonly attributes: Attributes
  /** Its folder, for the files beside it, and what errors name. */
  readonly folder: string
}
/** A step of the pipeline: an operation with the columns at its ports. */
export interface Step extends Part, Ports {}

export interface Bundle {
  /** For errors: the archive's name, or that of its bundle.json. */
  readonly file: string
  readonly format: 'json' | 'protobuf'
  readonly version: string
  readonly name: string
  /** In the order in which they run; steps of pipelines within pipelines among them. */
  readonly steps: readonly Step[]
  /** An operation without ports in a folder. */
  part(folder: string): Promise<Part>
  /** A file beside an operation, by the first of its names that is there. */
  beside(part: Pick<Part, 'folder'>, names: readonly string[]): Promise<{ readonly name: string; readonly bytes: Uint8Array }>
}

const DEPTH_MAX = 16

/** The files of a bundle: those of a folder, or of an archive in it, which may have them all in one folder of its own. undefined: there is no
    bundle.json. @throws what `zipFiles` throws */
export async function bundleFiles(files: Files): Promise<{ readonly file: string; readonly files: Files } | undefined> {
  if (files.names.includes('bundle.json')) return { file: 'bundle.json', files }
  const archive = await findFile(files, ['zip'], isZip)
  if (archive === undefined) return undefined
  const inner = zipFiles(archive.name, archive.bytes), at = inner.names.find(name => /^(?:[^/]+\/)?bundle\.json$/.test(name)), top = at?.slice(0, -'bundle.json'.length)
  if (top === undefined || !inner.names.every(name => name.startsWith(top))) return undefined
  return { file: archive.name, files: { names: inner.names.map(name => name.slice(top.length)), read: async name => inner.read(top + name) } }
}

/** bundle.json is what one of MLeap has to be. */
export function looksLikeBundle(bytes: Uint8Array): boolean {
  try {
    const { uid, format, version } = parseJson('bundle.json', 'bundle.json', bytes)
    return typeof uid === 'string' && typeof version === 'string' && (format === 'json' || format === 'protobuf')
  } catch { return false }
}

/** @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export async function readBundle(file: string, files: Files): Promise<Bundle> {
  const there = new Set(files.names)
  const broken = (what: string, at: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at })
  const readFile = async (name: string): Promise<Uint8Array> => {
    if (!there.has(name)) throw broken(`there is no ${name}`, name)
    return files.read(name)
  }
  const info = parseJson(file, 'bundle.json', await readFile('bundle.json'))
  const other = Object.keys(info).find(key => !['uid', 'name', 'format', 'version', 'timestamp', 'meta'].includes(key))
  if (other !== undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: bundle.json has '${other.slice(0, 60)}', which is not known`, { at: 'bundle.json' })
  const { name, format, version } = info
  if (typeof name !== 'string' || typeof version !== 'string' || (format !== 'json' && format !== 'protobuf')) throw broken('bundle.json has no name, no version, or a format that is neither json nor protobuf', 'bundle.json')

  const [extension, operationOf, portsOf] = format === 'json' ? ['json', operationOfJson, portsOfJson] as const : ['pb', operationOfProto, portsOfProto] as const
  const part = async (folder: string): Promise<Part> => {
    const at = `${folder}/model.${extension}`, operation = operationOf(file, at, await readFile(at))
    return { op: operation.op, attributes: attributesOf(file, at, operation), folder }
  }
  const steps: Step[] = []
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > DEPTH_MAX) throw broken(`pipelines in pipelines, more than ${DEPTH_MAX} deep`, folder)
    const operation = await part(folder)
    if (operation.op !== 'pipeline') {
      const at = `${folder}/node.${extension}`
      steps.push({ ...operation, ...portsOf(file, at, await readFile(at)) })
      return
    }
    const nodes = operation.attributes.texts('nodes')
    operation.attributes.done()
    if (new Set(nodes).size !== nodes.length) throw broken('a pipeline has the same step twice', folder)
    for (const node of nodes) {
      if (node === '' || node.includes('/')) throw broken(`'${node.slice(0, 60)}' is no name of a step`, folder)
      await walk(`${folder}/${node}.node`, depth + 1)
    }
  }
  await walk('root', 0)
  if (steps.length === 0) throw broken('the pipeline has no steps', 'root')
  return {
    file, format, version, name, steps, part,
    async beside({ folder }, names) {
      const found = names.map(of => `${folder}/${of}.${extension}`).find(of => there.has(of))
      if (found === undefined) throw broken(`there is no ${folder}/${names[0]!}.${extension}`, folder)
      return { name: found, bytes: await readFile(found) }
    },
  }
}
