// What a user gets: packs the package, installs it into an empty folder, looks at what came along, and runs it on every Node that it is for.
// Needs the registry. `npm ci` must have been run; the run-time is some ten seconds for each Node.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed, scriptsOf } from './installed.ts'

const NODES = ['22.22.0', '22', '24', '26']
const PACKAGES_MAX = 40

const root = fileURLToPath(new URL('../', import.meta.url))
const flights = join(root, 'examples', 'flights')
const work = mkdtempSync(join(tmpdir(), 'sluice-package-'))
const say = (text: string): void => { process.stdout.write(`${text}\n`) }
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', timeout: 240_000, stdio: ['ignore', 'pipe', 'inherit'] })
/** An empty project, so that npm installs here and not in a folder above. */
function folder(name: string): string {
  const path = join(work, name)
  mkdirSync(path)
  run('npm', ['init', '-y'], path)
  return path
}

try {
  // --json of npm 11 is a list, of npm 12 an object by name
  const packed = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work], root).replace(/^[^[{]*/, '')) as Packed | { readonly [name: string]: Packed[number] }
  const { filename, files, size } = Object.values(packed)[0]!
  const paths = new Set(files.map(({ path }) => path))
  say(`packed ${filename}: ${paths.size} files, ${size} bytes`)
  checkContents(paths)

  const user = folder('user')
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', join(work, filename)], user)
  const packages = installed(join(user, 'node_modules'))
  say(`installed ${packages.length} packages: ${packages.map(({ name, version }) => `${name}@${version}`).join(' ')}`)
  assert.ok(packages.length <= PACKAGES_MAX, `${packages.length} packages are installed with it, at most ${PACKAGES_MAX} are allowed`)
  for (const one of packages) assert.deepEqual(scriptsOf(one), [], `${one.name} needs an install script`)

  for (const version of NODES) tryOn(version, user)
} finally {
  rmSync(work, { recursive: true, force: true })
}

type Packed = readonly { readonly filename: string; readonly size: number; readonly files: readonly { readonly path: string }[] }[]

/** Everything that package.json names is there, nothing that only the repository needs. */
function checkContents(paths: ReadonlySet<string>): void {
  const { bin, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly bin: object; readonly exports: object }
  const named = JSON.stringify([bin, exports]).matchAll(/"(?:\.\/)?((?:bin|dist)\/[^"]+)"/g)
  const missing = [...named].map(([, path]) => path!).filter((path) => !paths.has(path))
  assert.deepEqual(missing, [], 'package.json names files that are not packed')
  for (const needed of ['README.md', 'LICENSE', 'dist/cli/main.js', 'dist/kernels/kernels.wasm']) assert.ok(paths.has(needed), `${needed} is not packed`)
  const foreign = [...paths].filter((path) => /\.test\.|^(?:src|test|examples|bench|runtime|scripts|\.ci)\//.test(path) || (path.endsWith('.ts') && !path.endsWith('.d.ts')))
  assert.deepEqual(foreign, [], 'files are packed that no user needs')
}

/** Every start is a real one: the command, and the library as a program imports it. */
function tryOn(version: string, user: string): void {
  const runtime = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const where = folder(`node-${version}`)
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `${runtime}@${version}`], where)
  const node = join(where, 'node_modules', runtime, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const sluice = (...args: readonly string[]): string => run(node, [join(user, 'node_modules', 'sluice', 'bin', 'sluice.js'), ...args], user)
  const model = join(flights, 'delay.txt'), rows = join(flights, 'rows.csv')
  assert.equal(sluice('--version').trim(), (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version)
  const answered = sluice('predict', model, rows).trim().split('\n').map((line) => JSON.parse(line) as object)
  assert.equal(answered.length, readFileSync(rows, 'utf8').trim().split('\n').length - 1)
  if (existsSync(join(flights, 'expected.csv'))) sluice('verify', model, rows, join(flights, 'expected.csv'))
  const program = `
    import { open } from 'sluice'
    import * as testing from 'sluice/testing'
    import * as conformance from 'sluice/conformance'
    import schema from 'sluice/schema.json' with { type: 'json' }
    const model = await open(${JSON.stringify(model)})
    console.log(typeof model.score, Object.keys(testing).length > 0, Object.keys(conformance).length > 0, typeof schema.$schema)
    await model.close?.()`
  assert.equal(run(node, ['--input-type=module', '--eval', program], user).trim(), 'function true true string')
  say(`runs on Node ${run(node, ['--version'], user).trim()}`)
}
