import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { OnnxRuntime } from '../../src/models/index.ts'

export const ORT_VERSION = '1.30.0'

/** onnxruntime-node, which is no dependency (290 MB): installed into the user's cache when it is first wanted, without its install script. A text: why it is not there. */
export function ortFolder(): { readonly folder: string } | string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), `sluice-onnxruntime-${ORT_VERSION}`)
  if (!existsSync(join(folder, 'node_modules/onnxruntime-node/package.json'))) {
    mkdirSync(folder, { recursive: true })
    try {
      execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', `onnxruntime-node@${ORT_VERSION}`], { stdio: ['ignore', 'ignore', 'pipe'] })
    } catch (error) { return `npm cannot install onnxruntime-node: ${(error as Error).message.slice(0, 300)}` }
  }
  return { folder }
}
export function ort(): OnnxRuntime | string {
  const found = ortFolder()
  return typeof found === 'string' ? found : createRequire(join(found.folder, 'x.js'))('onnxruntime-node') as OnnxRuntime
}
