import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { OnnxRuntime } from '../models/index.ts'

// onnxruntime-node is no dependency (290 MB): it is found beside Sluice, or in the folder that Sluice is started in.
const NAME = 'onnxruntime-node'
let loaded: OnnxRuntime | undefined

/** undefined: it is not installed. */
export async function onnxRuntime(): Promise<OnnxRuntime | undefined> { return loaded ??= requireOf()?.(NAME) as OnnxRuntime | undefined }
export const hasOnnxRuntime = (): boolean => requireOf() !== undefined

function requireOf(): NodeJS.Require | undefined {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const require = createRequire(from)
    try { require.resolve(NAME) } catch { continue }
    return require
  }
  return undefined
}
