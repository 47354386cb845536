import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, Pair, Scalar } from 'yaml'
import { SluiceError } from '../core/index.ts'
import type { Path } from './mistakes.ts'
import { Lines } from './positions.ts'
import type { Secrets } from './secrets.ts'

/** What a definition was read from, and where in it things are. */
export interface Origin {
  readonly value: unknown
  /** Of the value at this path, or of its key; of what is around it when it is not there. `shown`: the line with a caret. */
  place(path: Path, key?: boolean): { readonly at: string; readonly shown?: string; readonly offset?: number }
  /** How a number was written. */
  written(path: Path): string | undefined
  /** The text at this path came from a reference. */
  filled(path: Path): boolean
}

/** @throws SLUICE_CONFIG_INVALID with file, line and column, SLUICE_SECRET_MISSING */
export function readYaml(text: string, file: string, secrets: Secrets): Origin {
  const lines = new Lines(text)
  const at = (offset: number): string => { const { line, column } = lines.of(offset); return `${file}:${line}:${column}` }
  const document = parseDocument(text, { version: '1.2', merge: true, prettyErrors: false, stringKeys: true, lineCounter: new LineCounter() })
  const wrong = document.errors[0] ?? document.warnings[0]
  if (wrong !== undefined) {
    const [from, to] = wrong.pos
    const line = lines.show(from, to)
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${wrong.message}\n${line}`, {
      at: at(from), why: 'the file is not valid YAML',
      ...(line.includes('${') ? { fix: "put quotes around text with '${...}' between { and }" } : {}),
    })
  }
  const filled = new Set<Scalar>()
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return
      const [start, end] = node.range!
      throw new SluiceError('SLUICE_CONFIG_INVALID', `there is no anchor &${node.source} before this alias\n${lines.show(start, end)}`, { at: at(start), why: 'the file is not valid YAML' })
    },
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      const [start, end] = node.range!
      // the index counts in the text without quotes and escapes: each reference is looked for in the source, one after the other
      node.value = secrets.fill(node.value, (index) => {
        const reference = (node.value as string).slice(index).split('}')[0]!
        const found = text.indexOf(reference, Math.min(start + index, end))
        return at(found >= 0 && found < end ? found : start)
      })
      filled.add(node)
    },
  })
  const nodeAt = (path: Path): Node | undefined => walk(document, path).value
  return {
    value: valueOf(document, file),
    place(path, key) {
      const found = walk(document, path)
      const node = key === true || found.missing ? found.key ?? found.value : found.value ?? found.key
      const [start, end] = node?.range ?? [0, 0]
      return { at: at(start), shown: lines.show(start, isCollection(node) ? start + 1 : end), offset: start }
    },
    written(path) { const node = nodeAt(path); return isScalar(node) && typeof node.value === 'number' ? node.source : undefined },
    filled(path) { const node = nodeAt(path); return isScalar(node) && filled.has(node) },
  }
}

function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', 'the aliases of this file lead to far too much', { at: file, why: 'the file is not valid YAML', cause })
  }
}

/** The node at a path, and its key. When it is not there: the last node on the way, and its key. */
function walk(document: Document, path: Path): { key?: Node; value?: Node; missing: boolean } {
  let key: Node | undefined, node = document.contents as Node | undefined
  for (const step of path) {
    const inside = isAlias(node) ? node.resolve(document) : node
    const next: Node | Pair | undefined = isMap(inside) ? pairOf(document, inside.items, step) : isSeq(inside) ? inside.items[Number(step)] as Node | undefined : undefined
    if (next === undefined) return { ...(key === undefined ? {} : { key }), ...(node === undefined ? {} : { value: node }), missing: true }
    if (isPair(next)) { key = next.key as Node; node = next.value as Node | undefined ?? undefined }
    else node = next
  }
  return { ...(key === undefined ? {} : { key }), ...(node === undefined ? {} : { value: node }), missing: false }
}

/** Also among what is merged in by `<<`. */
function pairOf(document: Document, items: readonly Pair[], name: string | number): Pair | undefined {
  for (const pair of items) if (isScalar(pair.key) && String(pair.key.value) === String(name)) return pair
  for (const pair of items) {
    if (!isScalar(pair.key) || pair.key.source !== '<<') continue
    for (const source of isSeq(pair.value) ? pair.value.items : [pair.value]) {
      const merged = isAlias(source) ? source.resolve(document) : source
      const found = isMap(merged) ? pairOf(document, merged.items, name) : undefined
      if (found !== undefined) return found
    }
  }
  return undefined
}
