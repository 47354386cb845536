import type { Element } from './xml.ts'

/** Elements as bytes: of the nodes of trees, which are most of a large document, a fraction of its size. They become elements again each time somebody looks inside. */
export class Packer {
  readonly #strings: string[] = []
  readonly #known = new Map<string, number>()
  /** Numbers whose text is what JavaScript or, with `.0`, Java writes: blocks of them, as many as there are. */
  readonly #numbers: Float64Array[] = []
  #count = 0
  #bytes = new Uint8Array(65536)
  #length = 0
  #line = 0

  /** The same element, of which the children are packed. */
  pack(element: Element): Element {
    const { name, attributes, text, line, column } = element, count = element.children.length
    this.#length = 0
    this.#line = line
    for (const child of element.children) this.#write(child)
    const packed = this.#bytes.slice(0, this.#length), read = (): Element[] => this.#readAll(packed, count, line)
    return { name, attributes, text, line, column, get children() { return read() } }
  }

  /** Whole numbers of either sign, 7 bits a byte, the low ones first. */
  #put(value: number): void {
    if (this.#length + 8 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest > 127) {
      this.#bytes[this.#length++] = rest & 127 | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  /** Name, line, column, how many attributes and children, the text between the tags; then attributes and children. */
  #write({ name, attributes, children, text, line, column }: Element): void {
    const names = Object.keys(attributes)
    this.#put(this.#textOf(name))
    this.#put(line - this.#line)
    this.#line = line
    this.#put(column)
    this.#put(names.length)
    this.#put(children.length)
    this.#put(this.#textOf(text))
    for (const attribute of names) {
      this.#put(this.#textOf(attribute))
      this.#put(this.#textOf(attributes[attribute]!))
    }
    for (const child of children) this.#write(child)
  }

  #readAll(packed: Uint8Array, count: number, firstLine: number): Element[] {
    let at = 0, line = firstLine
    const next = (): number => {
      let value = 0, factor = 1
      for (;;) {
        const byte = packed[at++]!
        value += (byte & 127) * factor
        if (byte < 128) break
        factor *= 128
      }
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    const element = (): Element => {
      const name = this.#textAt(next())
      line += next()
      const own = line, column = next(), names = next(), inside = next(), text = this.#textAt(next()), attributes: { [name: string]: string } = {}, children: Element[] = []
      for (let i = 0; i < names; i++) {
        const attribute = this.#textAt(next())
        attributes[attribute] = this.#textAt(next())
      }
      for (let i = 0; i < inside; i++) children.push(element())
      return { name, attributes, children, text, line: own, column }
    }
    return Array.from({ length: count }, element)
  }

  /** Below 0: a number; else a text. */
  #textOf(text: string): number {
    const first = text.charCodeAt(0)
    if (first === 45 || first >= 48 && first <= 57) {
      const isJava = text.endsWith('.0'), plain = isJava ? text.slice(0, -2) : text, number = Number(plain)
      if (String(number) === plain && (!isJava || /^-?\d+$/.test(plain))) {
        if (this.#count % BLOCK === 0) this.#numbers.push(new Float64Array(BLOCK))
        this.#numbers.at(-1)![this.#count % BLOCK] = number
        return -1 - (this.#count++ * 2 + (isJava ? 1 : 0))
      }
    }
    const known = this.#known.get(text)
    if (known !== undefined) return known
    // a piece of the document would keep all of it alive
    const own = text.length < 13 ? text : JSON.parse(JSON.stringify(text)) as string
    this.#known.set(own, this.#strings.length)
    return this.#strings.push(own) - 1
  }

  #textAt(at: number): string {
    if (at >= 0) return this.#strings[at]!
    const index = Math.floor((-1 - at) / 2), number = String(this.#numbers[Math.floor(index / BLOCK)]![index % BLOCK])
    return (-1 - at) % 2 === 0 ? number : `${number}.0`
  }
}

const BLOCK = 8192
