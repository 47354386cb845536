import { SluiceError } from '../../../core/errors.ts'
import { Cursor } from './cursor.ts'
import { Packer } from './packed.ts'

/** An element with what is in it. Names without their prefixes. */
export interface Element {
  readonly name: string
  readonly attributes: { readonly [name: string]: string }
  readonly children: readonly Element[]
  /** What is written between the tags, its parts joined. */
  readonly text: string
  readonly line: number
  readonly column: number
}

// No model file nests deeper than its trees; a document of a few bytes may.
const DEPTH_MAX = 2000, ATTRIBUTES_MAX = 1000, KNOWN_MAX = 10_000
const ENTITIES: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
/** Most elements have no children: one list for all of them. */
const NOTHING: Element[] = []

interface Open { readonly name: string; readonly attributes: { [name: string]: string }; children: Element[]; text: string; readonly line: number; readonly column: number }

/** The root element of a document in UTF-8, or in UTF-16 if it says so by its first bytes. Read from left to right, piece by piece; the nodes of trees are packed as soon as their tree ends. Of
    document types none is taken: an entity may stand for a thousand others.
    @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, with line and column */
export function parseXml(file: string, bytes: Uint8Array): Element {
  const cursor = new Cursor(file, bytes), packer = new Packer(), known = new Map<string, string>(), open: Open[] = []
  let root: Element | undefined
  /** The same names and values stand in a document a million times: once in memory. A piece of a text would keep all of it alive, a copy does not. */
  const once = (part: string): string => {
    const same = known.get(part)
    if (same !== undefined) return same
    const own = part.length < 13 ? part : JSON.parse(JSON.stringify(part)) as string
    if (known.size < KNOWN_MAX) known.set(own, own)
    return own
  }
  const local = (name: string): string => once(name.slice(name.indexOf(':') + 1))
  const resolved = (part: string): string => !part.includes('&') ? part : part.replace(/&([^;]{0,20});?/g, (whole, name: string) => {
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : name.startsWith('#') ? Number.parseInt(name.slice(1), 10) : undefined
    if (!whole.endsWith(';') || (code !== undefined ? !(code > 0 && code <= 0x10ffff) : !Object.hasOwn(ENTITIES, name))) throw cursor.broken(`'${whole}' is no entity that is known`)
    return code === undefined ? ENTITIES[name]! : String.fromCodePoint(code)
  })
  const close = (element: Open): void => {
    open.pop()
    const parent = open.at(-1), kept = element.name === 'Node' && parent?.name === 'TreeModel' ? packer.pack(element) : element
    if (parent === undefined) root = kept
    else if (parent.children === NOTHING) parent.children = [kept]
    else parent.children.push(kept)
  }
  const addText = (text: string): void => {
    const inside = open.at(-1)
    if (inside === undefined) throw cursor.broken('a text outside of the root element')
    inside.text += text
  }
  const skipTo = (end: string, what: string): string => {
    const text = cursor.until(end)
    if (text === undefined) throw cursor.broken(`${what} has no end`)
    return text
  }

  function attributesInto(element: Open): void {
    for (let count = 1; ; count++) {
      cursor.skipBlanks()
      const char = cursor.peek()
      if (char === undefined) throw cursor.broken(`the tag <${element.name}> has no end`)
      if (char === '>' || char === '/') return
      const name = cursor.name('=>')
      cursor.skipBlanks()
      if (cursor.peek() !== '=') throw cursor.broken(`the attribute '${name}' has no value`)
      cursor.skip(1)
      cursor.skipBlanks()
      const quote = cursor.peek()
      if (quote !== '"' && quote !== "'") throw cursor.broken(`the value of the attribute '${name}' has no quotes`)
      cursor.skip(1)
      const value = once(resolved(skipTo(quote, `the value of the attribute '${name}'`)))
      if (name === 'xmlns' || name.startsWith('xmlns:')) continue
      if (count > ATTRIBUTES_MAX) throw cursor.broken(`more than ${ATTRIBUTES_MAX} attributes`)
      if (name === '__proto__' || Object.hasOwn(element.attributes, name)) throw cursor.broken(`the attribute '${name}' is there twice, or has a name that cannot be`)
      element.attributes[once(name)] = value
    }
  }

  while (!cursor.ended) {
    if (cursor.peek() !== '<') {
      const part = cursor.before('<')
      if (/\S/.test(part)) addText(resolved(part))
    } else if (cursor.startsWith('<!--')) skipTo('-->', 'a comment')
    else if (cursor.startsWith('<![CDATA[')) {
      cursor.skip(9)
      addText(skipTo(']]>', 'a CDATA section'))
    } else if (cursor.startsWith('<!')) {
      throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: a document type`, { at: `line ${cursor.line}, column ${cursor.column}`, why: 'the entities of a document type may stand for anything', fix: 'remove <!DOCTYPE ...>' })
    } else if (cursor.startsWith('<?')) skipTo('?>', 'an instruction')
    else if (cursor.startsWith('</')) {
      cursor.skip(2)
      const name = local(skipTo('>', 'a tag').trim()), inside = open.at(-1)
      if (inside?.name !== name) throw cursor.broken(inside === undefined ? `</${name}> closes nothing` : `</${name}> where </${inside.name}> belongs: the element of line ${inside.line} is open`)
      close(inside)
    } else {
      if (root !== undefined) throw cursor.broken('a second root element')
      if (open.length >= DEPTH_MAX) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: elements are nested ${DEPTH_MAX} deep`, { at: `line ${cursor.line}, column ${cursor.column}`, why: 'that is taken for a damaged file', fix: 'use a smaller tree' })
      const { line, column } = cursor
      cursor.skip(1)
      const element: Open = { name: local(cursor.name('/>')), attributes: {}, children: NOTHING, text: '', line, column }
      if (element.name === '') throw cursor.broken('a tag without a name')
      attributesInto(element)
      open.push(element)
      if (cursor.startsWith('/>')) {
        cursor.skip(2)
        close(element)
      } else if (cursor.peek() === '>') cursor.skip(1)
      else throw cursor.broken(`the tag <${element.name}> does not end with />`)
    }
  }
  if (open.length > 0) throw cursor.broken(`<${open.at(-1)!.name}> of line ${open.at(-1)!.line} is not closed`)
  if (root === undefined) throw cursor.broken('there is no element in it')
  return root
}
