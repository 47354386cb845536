import { stampOf, type Stamp } from './files.ts'
import { candidates, type Candidate, type Place } from './places.ts'

/** A candidate that nobody is writing any more. */
export interface Complete extends Candidate { readonly stamp: string; readonly bytes: number }
export interface Look {
  /** What is better than what serves; undefined: nothing is. */
  readonly next: Complete | undefined
  /** Versions are there that are still being written, or may be. */
  readonly writing: boolean
}

/** Decides what to take, by looking again and again. A version is complete when two looks in a row found it unchanged (names, sizes, times);
    one that was renamed into place is so at the second look. In a repository the highest complete one is wanted, and one that was taken is
    never looked at again: its content does not change. If it is removed, the highest of those left is wanted, after two looks as well. */
export class Watch {
  readonly #place: Place
  readonly #pinned: string | undefined
  #seen = new Map<string, string>()
  readonly #passed = new Map<string, string>()
  #taken: Complete | undefined

  constructor(place: Place, pinned?: string) {
    this.#place = place
    this.#pinned = place.kind === 'repository' ? pinned : undefined
  }

  /** Serves from now on. */
  taken(candidate: Complete): void { this.#taken = candidate }
  /** Not asked for again, unless somebody writes to it. */
  pass(candidate: Complete): void { this.#passed.set(candidate.path, candidate.stamp) }
  /** Nobody has written to it since it was looked at. */
  async unchanged(candidate: Complete): Promise<boolean> {
    return (await stampOf(candidate.path).catch(absent))?.text === candidate.stamp
  }

  /** `settledMs`: what was last changed before is complete at the first look. */
  async look(settledMs = -Infinity): Promise<Look> {
    const taken = this.#taken
    const all = (await candidates(this.#place)).filter(({ version }) => this.#pinned === undefined || version === this.#pinned)
    const repository = this.#place.kind === 'repository'
    const serving = repository ? all.findIndex(({ path }) => path === taken?.path) : -1
    const better = serving < 0 ? all : all.slice(0, serving)
    const stamps = await Promise.all(better.map(({ path }) => stampOf(path).catch(absent)))
    const seen = new Map<string, string>()
    let next: Complete | undefined, writing = false
    for (const [i, candidate] of better.entries()) {
      const stamp = stamps[i]
      if (stamp === undefined || stamp.files === 0) continue
      if (!repository && stamp.text === taken?.stamp) break
      seen.set(candidate.path, stamp.text)
      if (this.#passed.get(candidate.path) === stamp.text) continue
      if (this.#seen.get(candidate.path) !== stamp.text && stamp.changedMs > settledMs) writing = true
      else {
        next = { ...candidate, stamp: stamp.text, bytes: stamp.bytes }
        break                                         // what is below has not been seen yet should this one be removed
      }
    }
    this.#seen = seen
    return { next, writing }
  }
}

/** Removed between the listing and the look. */
function absent(error: NodeJS.ErrnoException): Stamp | undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
