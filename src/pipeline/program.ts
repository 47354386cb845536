import { spawnSync } from 'node:child_process'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SluiceError } from '../core/index.ts'
import type { Origin } from './yaml.ts'

/** The pipeline that a program exports.
    @throws SLUICE_CONFIG_INVALID with the program's own stack */
export async function importProgram(path: string): Promise<Origin> {
  let program: { readonly default?: unknown }
  try {
    program = await import(pathToFileURL(resolve(path)).href) as typeof program
  } catch (cause) {
    throw programError(path, cause)
  }
  if (program.default === undefined) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${path} has no default export`, { at: path, why: 'a program exports its pipeline', fix: 'export default pipeline({ ... })' })
  }
  return {
    value: program.default,
    place: (inside) => ({ at: inside.length === 0 ? path : `${path}: ${inside.join('.')}` }),
    written: () => undefined,
    filled: () => false,
  }
}

function programError(path: string, cause: unknown): SluiceError {
  const shown = cause instanceof SyntaxError ? syntaxLines(path, cause) : frames(cause)
  const found = shown.map((line) => /(?:file:\/\/)?(\/[^()]+?:\d+(?::\d+)?)\)?$/.exec(line)?.[1]).find((place) => place?.startsWith(`${resolve(path)}:`))
  const at = found === undefined ? path : relative(process.cwd(), found)
  // it may be an error of another copy of this package
  if (cause instanceof Error && cause.name === 'SluiceError' && 'code' in cause) {
    const { code, message, why, fix } = cause as SluiceError
    return new SluiceError(code, message, { at, why, fix, ...(cause.cause === undefined ? {} : { cause: cause.cause }) })
  }
  return new SluiceError('SLUICE_CONFIG_INVALID', [`${path} threw while it was loaded`, ...shown.map((line) => `    ${line}`)].join('\n'), {
    at, why: 'the program of the pipeline failed', fix: 'see the cause', cause,
  })
}

/** The user's frames: not those of Node, of packages, nor of what called him. */
function frames(cause: unknown): string[] {
  const lines = (cause instanceof Error ? cause.stack ?? '' : '').split('\n').filter((line) => line.startsWith('    at ')).map((line) => line.trim().replaceAll('%20', ' '))
  const end = lines.findIndex((line) => line.includes('importProgram'))
  return lines.slice(0, end < 0 ? lines.length : end).filter((line) => !line.includes('node:') && !line.includes('/node_modules/'))
}

/** File, line and caret. Node says them in the stack of TypeScript's mistakes; of JavaScript's only when it is asked to check a file. */
function syntaxLines(path: string, cause: SyntaxError): string[] {
  const said = (cause.stack ?? '').startsWith('SyntaxError') ? spawnSync(process.execPath, ['--check', resolve(path)], { encoding: 'utf8', timeout: 10_000 }).stderr : cause.stack ?? ''
  return said.split(/^\w*Error\b/m)[0]!.trim().split('\n').filter((line) => line !== '').slice(0, 6)
}
