import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { SluiceError } from '../core/index.ts'
import type { Mistake, Path } from './mistakes.ts'
import { importProgram } from './program.ts'
import { mistakesIn } from './schema.ts'
import type { Definition } from './schema.ts'
import { Secrets } from './secrets.ts'
import { applySet, parseSet } from './sets.ts'
import type { Set as Setting } from './sets.ts'
import { readYaml } from './yaml.ts'
import type { Origin } from './yaml.ts'

export interface Loaded {
  readonly definition: Definition
  /** What was put in for references: never to be shown. */
  readonly secrets: readonly string[]
  /** file:line:column of a value of the definition; of a program's, the file and the path. */
  at(path: Path): string
}

const BYTES_MAX = 1024 * 1024
const SHOWN_MAX = 10

/** Reads a pipeline from YAML (.yaml, .yml, .json) or from the default export of a program (.ts, .mts, .js, .mjs), changes it by `path=value`
    and checks it.
    @throws SLUICE_CONFIG_MISSING, SLUICE_CONFIG_INVALID, SLUICE_SECRET_MISSING */
export async function loadDefinition(path: string, sets: readonly string[] = []): Promise<Loaded> {
  const secrets = new Secrets()
  const kind = extname(path).toLowerCase()
  const origin = YAML.has(kind) ? readYaml(await textOf(path), path, secrets)
    : PROGRAMS.has(kind) ? await unlessMissing(path, () => stat(path)).then(() => importProgram(path))
      : await textOf(path).then(() => { throw new SluiceError('SLUICE_CONFIG_INVALID', `${path} is neither YAML nor a program`, { at: path, why: 'a pipeline is a .yaml, .yml, .json, .ts, .mts, .js or .mjs file', fix: 'rename the file' }) })
  const settings = sets.map((set) => parseSet(set, secrets))
  const value = copy(origin.value)
  for (const setting of settings) applySet(value, setting)
  emptyParts(value)
  const mistakes = check(value, origin, settings, secrets)
  if (mistakes.length > 0) throw report(mistakes, path, origin, settings)
  return { definition: value as Definition, secrets: secrets.values, at: (inside) => origin.place(inside).at }
}

const YAML: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json'])
const PROGRAMS: ReadonlySet<string> = new Set(['.ts', '.mts', '.js', '.mjs'])

async function textOf(path: string): Promise<string> {
  const bytes = await unlessMissing(path, async () => {
    const { size } = await stat(path)
    if (size > BYTES_MAX) throw new SluiceError('SLUICE_CONFIG_INVALID', `${path} holds ${size} bytes`, { at: path, why: `a pipeline file holds at most ${BYTES_MAX} bytes` })
    return readFile(path)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${path} is not UTF-8`, { at: path, why: 'a pipeline file is text in UTF-8' })
  }
}

async function unlessMissing<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    throw new SluiceError('SLUICE_CONFIG_MISSING', `${path} cannot be read`, { at: path, cause })
  }
}

/** Without what is shared or undefined; parts, functions and records in memory stay themselves. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, inside]) => inside !== undefined).map(([key, inside]) => [key, key === 'memory' ? inside : copy(inside)]))
}
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !('open' in value && typeof value.open === 'function')
}

/** `sink: { stdout: }` means `{ stdout: {} }`. */
function emptyParts(value: unknown): void {
  for (const place of ['source', 'sink', 'reject']) {
    const parts = (value as { [place: string]: { [part: string]: unknown } | undefined } | null)?.[place]
    for (const part of ['stdin', 'stdout']) if (typeof parts === 'object' && parts?.[part] === null) parts[part] = {}
  }
}

/** What came from a reference or the command line is text: it becomes the number that is expected, and a number the text as it was written. */
function check(value: unknown, origin: Origin, settings: readonly Setting[], secrets: Secrets): Mistake[] {
  for (let round = 0; ; round++) {
    const mistakes = mistakesIn(value)
    const changed = mistakes.filter(({ path, expected }) => {
      if (expected === undefined) return false
      const setting = settingAt(settings, path)
      const holder = path.slice(0, -1).reduce<unknown>((inside, step) => (inside as { [step: string]: unknown })[step], value) as { [step: string]: unknown }
      const key = path.at(-1)!, found = holder[key]
      if (expected === 'string') {
        const written = setting === undefined ? origin.written(path) : typeof found === 'number' ? setting.written.trim() : undefined
        if (written !== undefined) holder[key] = written
        return written !== undefined
      }
      if (typeof found !== 'string' || !(setting?.filled ?? origin.filled(path))) return false
      const meant = expected === 'number' ? numberIn(found) : found === 'true' ? true : found === 'false' ? false : undefined
      if (meant === undefined) return false
      secrets.notSecret(found)
      holder[key] = meant
      return true
    })
    if (changed.length === 0 || round > 4) return mistakes
  }
}
const numberIn = (text: string): number | undefined => /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined

function settingAt(settings: readonly Setting[], path: Path): Setting | undefined {
  return settings.findLast((set) => set.path.length === path.length && set.path.every((step, i) => String(step) === String(path[i])))
}

/** All mistakes, each with its place, in the order of the file. */
function report(mistakes: readonly Mistake[], file: string, origin: Origin, settings: readonly Setting[]): SluiceError {
  const keyOf = ({ path, text }: Mistake): string => `${path.join('.')}: ${text}`
  const before = settings.length === 0 ? undefined : new Set(mistakesIn(origin.value).map(keyOf))
  const placed = mistakes.map((mistake) => {
    const made = before === undefined || before.has(keyOf(mistake)) ? undefined : settings.findLast(({ path }) => path.every((step, i) => i >= mistake.path.length || String(step) === String(mistake.path[i])))
    return { text: mistake.text, ...(made === undefined ? origin.place(mistake.path, mistake.key) : { at: made.at }) }
  }).sort((a, b) => (a.offset ?? Infinity) - (b.offset ?? Infinity) || 0)
  const [first, ...others] = placed
  const lines = [first!.text, ...(first!.shown === undefined ? [] : [first!.shown])]
  if (others.length > 0) {
    lines.push(`and ${others.length} more:`)
    for (const { at, text } of others.slice(0, SHOWN_MAX)) lines.push(`  ${at}: ${text}`)
    if (others.length > SHOWN_MAX) lines.push('  ...')
  }
  return new SluiceError('SLUICE_CONFIG_INVALID', lines.join('\n'), {
    at: first!.at, ...(first!.at.startsWith('--set') ? { fix: 'correct the --set' } : file === first!.at.split(':')[0] && first!.shown === undefined ? { fix: 'correct the definition' } : {}),
  })
}
