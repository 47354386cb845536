import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '../../src/core/errors.ts'
import type { Files, Model } from '../../src/core/models.ts'
import { readModel } from '../../src/models/index.ts'
import { filesIn } from './folders.ts'
import { bytesOf, folder, goldenNames, oneFile } from './golden.ts'

export const goldenFormats = (): string[] => readdirSync(folder)

export interface Golden { readonly title: string; readonly files: Files; readonly model: Model }

/** Every golden model of a format that can be read: one file, or all of a folder. */
export async function* everyModel(format: string): AsyncGenerator<Golden> {
  for (const name of goldenNames(format)) {
    const at = `${format}/${name}`, path = fileURLToPath(new URL(`${at}/`, folder))
    for (const entry of readdirSync(path).filter(file => file.startsWith('model'))) {
      const files = statSync(join(path, entry)).isDirectory() ? filesIn(`${at}/${entry}`) : oneFile(entry, bytesOf(`${at}/${entry}`))
      const model = await readModel(files).catch((error: unknown) => {
        if (error instanceof SluiceError && /^SLUICE_MODEL_(UNSUPPORTED|UNKNOWN)$/.test(error.code)) return undefined
        throw error
      })
      if (model !== undefined) yield { title: `${at}/${entry}`, files, model }
    }
  }
}
