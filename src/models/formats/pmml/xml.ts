import { SluiceError } from '../../../core/errors.ts'

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
const DEPTH_MAX = 2000, ATTRIBUTES_MAX = 1000
const ENTITIES: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const SPACE = /\s/

/** The root element of a document in UTF-8 (or UTF-16, if it says so by its first bytes). Read once, from left to right; what is read becomes elements at once, so that nothing is held twice.
    Of document types none is taken: an entity may stand for a thousand others.
    @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, with line and column */
export function parseXml(file: string, bytes: Uint8Array): Element {
  const text = decoded(file, bytes)
  let at = 0, line = 1, lineStart = 0, counted = 0
  const place = (): string => {
    for (let next = text.indexOf('\n', counted); next >= 0 && next < at; next = text.indexOf('\n', counted)) {
      line++
      lineStart = counted = next + 1
    }
    return `line ${line}, column ${at - lineStart + 1}`
  }
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: place() })
  const strings = new Map<string, string>()
  /** The same names and values stand in a document a million times: once in memory. */
  const once = (part: string): string => {
    const known = strings.get(part)
    if (known !== undefined) return known
    // a slice keeps all of the document alive
    const own = part.length < 40 ? part.split('').join('') : part
    if (strings.size < 100_000) strings.set(own, own)
    return own
  }
  const resolved = (part: string): string => !part.includes('&') ? part : part.replace(/&([^;]{0,20});?/g, (whole, name: string) => {
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : name.startsWith('#') ? Number.parseInt(name.slice(1), 10) : undefined
    if (!whole.endsWith(';') || (code !== undefined ? !(code > 0 && code <= 0x10ffff) : !Object.hasOwn(ENTITIES, name))) throw broken(`'${whole}' is no entity that is known`)
    return code === undefined ? ENTITIES[name]! : String.fromCodePoint(code)
  })
  const local = (name: string): string => once(name.slice(name.indexOf(':') + 1))

  interface Open { readonly name: string; readonly attributes: { [name: string]: string }; readonly children: Element[]; text: string; readonly line: number; readonly column: number }
  const open: Open[] = []
  let root: Element | undefined
  const close = (element: Open): void => {
    open.pop()
    const parent = open.at(-1)
    if (parent === undefined) root = element
    else parent.children.push(element)
  }
  const skipTo = (end: string, what: string): void => {
    const found = text.indexOf(end, at)
    if (found < 0) throw broken(`${what} has no end`)
    at = found + end.length
  }

  while (at < text.length) {
    if (text.charCodeAt(at) !== 60) {
      const next = text.indexOf('<', at), end = next < 0 ? text.length : next, part = text.slice(at, end), inside = open.at(-1)
      if (/\S/.test(part)) {
        if (inside === undefined) throw broken('a text outside of the root element')
        inside.text += resolved(part)
      }
      at = end
      continue
    }
    const second = text.charCodeAt(at + 1)
    if (second === 33) {
      if (text.startsWith('<!--', at)) skipTo('-->', 'a comment')
      else if (text.startsWith('<![CDATA[', at)) {
        const from = at + 9
        skipTo(']]>', 'a CDATA section')
        if (open.length === 0) throw broken('a text outside of the root element')
        open.at(-1)!.text += text.slice(from, at - 3)
      } else throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: a document type`, { at: place(), why: 'the entities of a document type may stand for anything', fix: 'remove the line <!DOCTYPE ...>' })
      continue
    }
    if (second === 63) { skipTo('?>', 'an instruction'); continue }
    if (second === 47) {
      const end = text.indexOf('>', at)
      if (end < 0) throw broken('a tag has no end')
      const name = local(text.slice(at + 2, end).trim()), inside = open.at(-1)
      if (inside?.name !== name) throw broken(inside === undefined ? `</${name}> closes nothing` : `</${name}> where </${inside.name}> belongs: the element of line ${inside.line} is open`)
      at = end + 1
      close(inside)
      continue
    }
    if (root !== undefined && open.length === 0) throw broken('a second root element')
    if (open.length >= DEPTH_MAX) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: elements are nested ${DEPTH_MAX} deep`, { at: place(), why: 'that is taken for a damaged file', fix: 'use a smaller tree' })
    const where = place(), started = { line, column: at - lineStart + 1 }
    at++
    const nameFrom = at
    while (at < text.length && !SPACE.test(text[at]!) && text[at] !== '>' && text[at] !== '/') at++
    const element: Open = { name: local(text.slice(nameFrom, at)), attributes: {}, children: [], text: '', ...started }
    if (element.name === '') throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: a tag without a name`, { at: where })
    let attributes = 0
    for (;;) {
      while (at < text.length && SPACE.test(text[at]!)) at++
      const c = text[at]
      if (c === undefined) throw broken(`the tag <${element.name}> has no end`)
      if (c === '>' || c === '/') break
      const from = at
      while (at < text.length && text[at] !== '=' && text[at] !== '>' && !SPACE.test(text[at]!)) at++
      const name = text.slice(from, at)
      while (SPACE.test(text[at] ?? '')) at++
      if (text[at] !== '=') throw broken(`the attribute '${name}' has no value`)
      at++
      while (SPACE.test(text[at] ?? '')) at++
      const quote = text[at]
      if (quote !== '"' && quote !== "'") throw broken(`the value of the attribute '${name}' has no quotes`)
      const end = text.indexOf(quote, at + 1)
      if (end < 0) throw broken(`the value of the attribute '${name}' has no end`)
      const value = once(resolved(text.slice(at + 1, end)))
      at = end + 1
      if (name === 'xmlns' || name.startsWith('xmlns:')) continue
      if (++attributes > ATTRIBUTES_MAX) throw broken(`more than ${ATTRIBUTES_MAX} attributes`)
      if (Object.hasOwn(element.attributes, name)) throw broken(`the attribute '${name}' is there twice`)
      Object.defineProperty(element.attributes, once(name), { value, enumerable: true })
    }
    const empty = text[at] === '/'
    if (empty && text[at + 1] !== '>') throw broken(`the tag <${element.name}> does not end with />`)
    at += empty ? 2 : 1
    open.push(element)
    if (empty) close(element)
  }
  if (open.length > 0) throw broken(`<${open.at(-1)!.name}> of line ${open.at(-1)!.line} is not closed`)
  if (root === undefined) throw broken('there is no element in it')
  return root
}

function decoded(file: string, bytes: Uint8Array): string {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
  const declared = /^<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']/.exec(String.fromCharCode(...bytes.subarray(bytes[0] === 0xef ? 3 : 0, 200)))?.[1]?.toLowerCase() ?? 'utf-8'
  if (utf16 === undefined && !['utf-8', 'utf8', 'us-ascii', 'ascii'].includes(declared)) {
    throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: its encoding is ${declared}`, { at: 'line 1', why: 'UTF-8 is read, and UTF-16 with a byte order mark', fix: 'write it again in UTF-8: iconv' })
  }
  try { return new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(bytes) } catch (cause) {
    throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: it is not valid ${utf16 ?? 'UTF-8'}`, { at: 'the whole file', cause })
  }
}
