import { makesOf, readsOf } from '../../stages/raw.ts'
import type { Pipeline, RawColumn, Stage } from '../../stages/stages.ts'
import type { TreeSource } from '../../trees.ts'
import type { Bundle, Part, Step } from './bundle.ts'
import { readTree } from './trees.ts'
import type { Attributes, Socket, Tensor } from './values.ts'

/** One step while it is read: what it asks for by name is checked off, and `done` refuses what is left. */
export interface Reading {
  readonly op: string
  readonly bundle: Bundle
  readonly attributes: Attributes
  /** Where it is, for errors. */
  readonly at: string
  /** Written by PyPI mleap: the answers are to be those of scikit-learn. */
  readonly python: boolean
  /** The column at a port. */
  input(port: string): string
  output(port: string): string
  maybeInput(port: string): string | undefined
  maybeOutput(port: string): string | undefined
  /** The columns at port0, port1, ... of as many as there are; where there is one alone it may be without a number. */
  inputs(port: string): string[]
  outputs(port: string): string[]
  /** A raw column that is a vector of this width. */
  wide(name: string, width: number): void
  readonly folder: string
  /** A model within this one: it reads the same column of features and makes none of its own. */
  inner(folder: string): Promise<Reading>
  tree(): Promise<TreeSource>
  done(): void
}
export type ReadStep = (step: Reading) => Stage[] | Promise<Stage[]>

/** The stages of all steps, in order. @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export async function pipelineOf(bundle: Bundle, python: boolean, readerOf: (op: string) => ReadStep | undefined): Promise<Pipeline> {
  const stages: Stage[] = [], widths = new Map<string, number>(), known = new Set<string>()
  for (const step of bundle.steps) {
    const reading = readingOf(bundle, step, step, python, widths), read = readerOf(step.op)
    if (read === undefined) throw reading.attributes.unsupported(`the operation '${step.op.slice(0, 60)}' is not known`, 'see docs/formats.md for the operations that are; do this one before the record is sent')
    for (const stage of await read(reading)) {
      for (const name of readsOf(stage)) known.add(name)
      for (const name of makesOf(stage)) {
        if (known.has(name)) throw reading.attributes.broken(`the column '${name.slice(0, 100)}' is there already, or was read before`)
        known.add(name)
      }
      stages.push(stage)
    }
    reading.done()
  }
  const columns = [...widths].map(([name, width]): RawColumn => ({ name, width }))
  return { stages, columns }
}

function readingOf(bundle: Bundle, part: Part, ports: Pick<Step, 'inputs' | 'outputs'>, python: boolean, widths: Map<string, number>, isInner = false): Reading {
  const { op, attributes, folder } = part, asked = new Set<Socket>()
  const find = (sockets: readonly Socket[], port: string): string | undefined => {
    const found = sockets.filter(socket => socket.port === port)
    if (found.length > 1) throw attributes.broken(`the port '${port}' comes twice`)
    if (found[0] === undefined) return undefined
    asked.add(found[0])
    if (found[0].name === '') throw attributes.broken(`the port '${port}' has no column`)
    return found[0].name
  }
  const must = (sockets: readonly Socket[], port: string): string => {
    const name = find(sockets, port)
    if (name === undefined) throw attributes.broken(`the port '${port}' is missing`)
    return name
  }
  const numbered = (sockets: readonly Socket[], port: string): string[] => {
    const alone = find(sockets, port)
    if (alone !== undefined) return [alone]
    return sockets.map((_, i) => must(sockets, `${port}${i}`))
  }
  return {
    op, bundle, attributes, folder, at: folder, python,
    input: port => must(ports.inputs, port), output: port => must(ports.outputs, port),
    maybeInput: port => find(ports.inputs, port), maybeOutput: port => find(ports.outputs, port),
    inputs: port => numbered(ports.inputs, port), outputs: port => numbered(ports.outputs, port),
    wide: (name, width) => { widths.set(name, width) },
    inner: async name => readingOf(bundle, await bundle.part(`${folder}/${name}`), { inputs: ports.inputs, outputs: [] }, python, widths, true),
    tree: async () => readTree(bundle, part),
    done() {
      attributes.done()
      // ports of a model within are those of the one around it
      const left = isInner ? undefined : [...ports.inputs, ...ports.outputs].find(socket => !asked.has(socket))
      if (left !== undefined) throw attributes.unsupported(`the port '${left.port.slice(0, 60)}' is not known`)
    },
  }
}

/** A matrix that lies column by column, as Spark's and MLeap's do, row by row. */
export function rowMajor({ dims, values }: Tensor): Float64Array {
  const [rows = 0, columns = 0] = dims
  return Float64Array.from(values, (_, i) => values[i % columns * rows + Math.floor(i / columns)]!)
}
