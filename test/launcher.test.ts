import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../bin/sluice.js', import.meta.url))
const runtimeName = `node-${process.platform}-${process.arch}`

/** An installed package with a stand-in for the command: it says what started it, and waits for a signal when asked to. */
function install(t: TestContext, runtimeVersion?: string) {
  const root = mkdtempSync(join(tmpdir(), 'sluice-launcher-'))
  t.after(() => rmSync(root, { recursive: true }))
  const home = join(root, 'node_modules', 'sluice')
  mkdirSync(join(home, 'bin'), { recursive: true })
  mkdirSync(join(home, 'dist', 'cli'), { recursive: true })
  copyFileSync(launcher, join(home, 'bin', 'sluice.js'))
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(home, 'dist', 'cli', 'main.js'), `
    if (process.argv[2] === 'wait') {
      process.on('SIGTERM', () => { console.log('drained'); process.exit(7) })
      setInterval(() => {}, 1000)
    }
    console.log(JSON.stringify({ pid: process.pid, version: process.versions.node, args: process.argv.slice(2), from: 'dist' }))
    if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL')
    if (process.argv[2] === 'echo') process.stdin.pipe(process.stdout)
    if (process.argv[2] === 'fail') process.exitCode = 3
  `)
  if (runtimeVersion !== undefined) addRuntime(root, runtimeVersion)
  return { root, home, bin: join(home, 'bin', 'sluice.js') }
}

function addRuntime(folder: string, version: string): void {
  const runtime = join(folder, 'node_modules', runtimeName)
  mkdirSync(join(runtime, 'bin'), { recursive: true })
  writeFileSync(join(runtime, 'package.json'), JSON.stringify({ version }))
  writeFileSync(join(runtime, 'bin', 'node'), `#!/bin/sh\nunset NODE_OPTIONS\nexec '${process.execPath}' "$@"\n`)
  chmodSync(join(runtime, 'bin', 'node'), 0o755)
}

/** This Node saying that it is another one, until it hands over. */
const pretending = (version: string) => ({
  ...process.env,
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`)}`,
})

const run = (bin: string, version: string, args: readonly string[], input = '') =>
  spawnSync(process.execPath, [bin, ...args], { env: pretending(version), encoding: 'utf8', input })

async function start(t: TestContext, bin: string): Promise<{ process: ChildProcess; said: { pid: number }; output: () => string }> {
  const child = spawn(process.execPath, [bin, 'wait'], { env: pretending('20.20.2'), stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
  while (!output.includes('\n')) await once(child.stdout, 'data')
  const said = JSON.parse(output.split('\n', 1)[0]!) as { pid: number }
  t.after(() => { try { process.kill(said.pid, 'SIGKILL') } catch { /* has ended */ } })
  return { process: child, said, output: () => output }
}

test('old-node-alone: one line says what to do, with what was asked for', (t) => {
  const { bin } = install(t)
  const { status, stderr, stdout } = run(bin, '20.20.2', ['predict', 'my model.json', "it's"])
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.equal(stderr, `sluice needs Node 22.22 or newer, this is 20.20.2: npx -p ${runtimeName}@24 -p sluice sluice predict 'my model.json' 'it'\\''s'\n`)
})

test('old-node-with-runtime: hands over arguments, input, output and exit code', (t) => {
  const { bin } = install(t, '24.21.0')
  const done = run(bin, '18.20.8', ['fail', '--with', 'a b'])
  assert.equal(done.status, 3)
  const said = JSON.parse(done.stdout) as { version: string; args: readonly string[] }
  assert.equal(said.version, process.versions.node)
  assert.deepEqual(said.args, ['fail', '--with', 'a b'])
  assert.ok(run(bin, '20.20.2', ['echo'], 'a record\n').stdout.endsWith('a record\n'))
})

test('signal: the command finishes what it has, and its exit code is the launcher\'s', async (t) => {
  const { bin } = install(t, '24.21.0')
  const started = await start(t, bin)
  assert.notEqual(started.said.pid, started.process.pid)
  started.process.kill('SIGTERM')
  assert.deepEqual(await once(started.process, 'close'), [7, null])
  assert.match(started.output(), /\ndrained\n$/)
})

test('killed-command: the launcher dies of the same signal, so that whoever started it sees it', (t) => {
  const { bin } = install(t, '24.21.0')
  const { status, signal } = run(bin, '20.20.2', ['die'])
  assert.deepEqual([status, signal], [null, 'SIGKILL'])
})

test('killed-launcher: the command does not run on alone, it finishes and ends', async (t) => {
  const { bin } = install(t, '24.21.0')
  const started = await start(t, bin)
  started.process.kill('SIGKILL')
  await once(started.process, 'close')      // its output ends with the command
  assert.match(started.output(), /\ndrained\n$/)
})

test('wrong-runtime: one that is too old, or lies in the folder one stands in, is not used', (t) => {
  const { bin, home } = install(t, '22.21.0')
  assert.equal(run(bin, '20.20.2', []).status, 1)
  const elsewhere = join(home, 'elsewhere')
  addRuntime(elsewhere, '24.21.0')
  const { status } = spawnSync(process.execPath, [bin], { env: pretending('20.20.2'), cwd: elsewhere })
  assert.equal(status, 1)
})

test('which-node: 22.22 and later but not 23 run the command themselves', (t) => {
  const { bin } = install(t)
  for (const [version, status] of [['18.0.0', 1], ['22.21.1', 1], ['22.22.0', 0], ['23.11.0', 1], ['24.0.0', 0], ['25.1.0', 0], ['26.10.0', 0], ['100.0.0', 0]] as const) {
    assert.equal(run(bin, version, []).status, status, version)
  }
})

test('repository: the sources run as they are, and an installed package does not look for them', (t) => {
  assert.match(run(install(t).bin, process.versions.node, []).stdout, /"from":"dist"/)
  const root = mkdtempSync(join(tmpdir(), 'sluice-repository-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const folder of ['bin', 'src/cli']) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync(launcher, join(root, 'bin', 'sluice.js'))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(root, 'src', 'cli', 'main.ts'), 'const from: string = "src"\nconsole.log(from)\n')
  assert.equal(run(join(root, 'bin', 'sluice.js'), process.versions.node, []).stdout, 'src\n')
})

test('real-old-node: nothing in the launcher is newer than the Node that must understand it', (t) => {
  const old = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node')).find((node) => {
    if (!existsSync(node)) return false
    const [major, minor] = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.').map(Number)
    return major! >= 18 && (major! < 22 || (major === 22 && minor! < 22) || major === 23)
  })
  if (old === undefined) return t.skip('no Node older than 22.22 on the PATH')
  const { bin } = install(t, '24.21.0')
  const done = spawnSync(old, [bin, 'fail'], { encoding: 'utf8' })
  assert.equal(done.status, 3, done.stderr)
  assert.match(done.stdout, /"from":"dist"/)
})
