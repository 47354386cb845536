import { parseDocument } from 'yaml'
import { SluiceError } from '../core/index.ts'
import type { Path } from './mistakes.ts'
import type { Secrets } from './secrets.ts'

/** One `--set path=value`. */
export interface Set { readonly path: Path; readonly value: unknown; readonly written: string; readonly filled: boolean; readonly at: string }

/** `a.b.c=value`, `a[0]=value`, `features["trip.km"]=value`; the value is YAML.
    @throws SLUICE_CONFIG_INVALID, SLUICE_SECRET_MISSING */
export function parseSet(text: string, secrets: Secrets): Set {
  const [, left, written] = /^((?:[^="]|"[^"]*")+)=(.*)$/s.exec(text) ?? []
  if (left === undefined || written === undefined) throw refused(`--set takes path=value, such as --set delivery.everyMs=50`, '--set')
  const at = `--set ${left}`
  const path = pathOf(left)
  if (path === undefined) throw refused(`'${left}' is no path such as source.file.path or source.file.path[0]`, at)
  const document = parseDocument(written, { version: '1.2', prettyErrors: false })
  if (document.errors.length > 0 || document.warnings.length > 0) throw refused('the value is not valid YAML', at)
  let value: unknown = document.toJS({ maxAliasCount: 0 })
  const filled = typeof value === 'string' && value.includes('${')
  if (typeof value === 'string') value = secrets.fill(value, () => at)
  return { path, value, written, filled, at }
}

/** Puts the value where it belongs; mappings on the way that are not there are made. What no definition has, the schema finds.
    @throws SLUICE_CONFIG_INVALID when the way leads through what is no mapping and no list */
export function applySet(root: unknown, { path, value, at }: Set): void {
  let inside = root
  for (const [i, step] of path.entries()) {
    const list = Array.isArray(inside)
    const shown = path.slice(0, i).join('.')
    if (typeof inside !== 'object' || inside === null) throw refused(`'${shown}' is neither a mapping nor a list`, at)
    if (list && (typeof step === 'string' && !/^\d+$/.test(step) || Number(step) > (inside as unknown[]).length)) throw refused(`'${shown}' is a list of ${(inside as unknown[]).length}: '${step}' is not in it`, at)
    const holder = inside as { [step: string]: unknown }
    if (i === path.length - 1) holder[step] = value
    else inside = holder[step] ??= {}
  }
}

function pathOf(text: string): Path | undefined {
  const path: (string | number)[] = []
  const steps = /\.?(?:([^.[\]"]+)|"([^"]+)")|\[(?:(\d+)|"([^"]+)")\]/y
  while (steps.lastIndex < text.length) {
    const found = steps.exec(text)
    if (found === null) return undefined
    path.push(found[3] === undefined ? found[1] ?? found[2] ?? found[4]! : Number(found[3]))
  }
  return path.length === 0 || text.startsWith('.') || path.includes('__proto__') ? undefined : path
}

const refused = (message: string, at: string): SluiceError => new SluiceError('SLUICE_CONFIG_INVALID', message, { at, why: 'a definition is changed by --set path=value', fix: 'correct the --set' })
