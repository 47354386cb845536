import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

export interface Ran { readonly code: number | null; readonly stdout: string; readonly stderr: string }
export interface How { readonly cwd?: string; readonly env?: { readonly [name: string]: string }; readonly input?: string | Uint8Array }

/** The real process. */
export function start(args: readonly string[], { cwd, env }: How = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [MAIN, ...args], { ...cwd === undefined ? {} : { cwd }, env: { ...process.env, NO_COLOR: '1', ...env }, stdio: 'pipe' })
}
export async function sluice(args: readonly string[], how: How = {}): Promise<Ran> {
  const child = start(args, how)
  child.stdin.on('error', () => {})
  child.stdin.end(how.input ?? '')
  return ended(child)
}
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ran> {
  const stdout: Buffer[] = [], stderr: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => stdout.push(part))
  child.stderr.on('data', (part: Buffer) => stderr.push(part))
  const [code] = await once(child, 'close') as [number | null]
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** Looks again and again; a process that has ended will not bring it about. */
export async function until(child: ChildProcessWithoutNullStreams, happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) {
    if (child.exitCode !== null) throw new Error(`it ended before with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
  after(() => rmSync(made, { recursive: true }))
  return made
}

export const golden = (path: string): string => fileURLToPath(new URL(`golden/models/${path}`, import.meta.url))
