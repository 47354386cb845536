/** The known word that was probably meant: at most a third of its letters are wrong (two letters that changed places count as one). */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined, least = Infinity
  for (const candidate of known) {
    const wrong = distance(word.toLowerCase(), candidate.toLowerCase())
    if (wrong < least && wrong <= Math.max(1, Math.floor(candidate.length / 3))) { best = candidate; least = wrong }
  }
  return best
}

/** ` - did you mean 'x'?`, or else the list of what is known. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? `; known here: ${known.join(', ')}` : `; did you mean '${meant}'?`
}

function distance(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j]!, before[j - 2]! + 1)
    }
    before = row
    row = next
  }
  return row[b.length]!
}
