/** A text and where its lines begin. Lines and columns count from 1. */
export class Lines {
  readonly text: string
  #starts: number[] = [0]
  constructor(text: string) {
    this.text = text
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  of(offset: number): { line: number; column: number } {
    let low = 0, high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 }
  }

  /** The line with a caret under the place, and under as much of what follows as belongs to it. */
  show(from: number, to: number): string {
    const { line, column } = this.of(from)
    const whole = this.text.slice(this.#starts[line - 1], this.#starts[line] ?? undefined).replace(/\r?\n$/, '')
    const cut = column > 100 ? column - 60 : 0
    const shown = whole.slice(cut, cut + 140), before = shown.slice(0, column - 1 - cut)
    const width = Math.max(1, Math.min(to - from, shown.length - before.length))
    const number = String(line).padStart(5)
    return `${number} | ${shown}\n      | ${before.replace(/[^\t]/g, ' ')}${'^'.repeat(width)}`
  }
}
