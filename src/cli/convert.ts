import { Command, Option } from 'commander'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { failing } from '../connect/file/errors.ts'
import { SluiceError } from '../core/index.ts'
import type { Model, ReadOptions } from '../core/index.ts'
import { categoriesOption, treesOption } from './options.ts'

interface Flags extends ReadOptions { readonly format?: 'image' | 'onnx'; readonly force?: boolean }

export function command(): Command {
  return new Command('convert')
    .description('Writes a model as one file: a portable image, which opens in milliseconds and answers to the last bit as the model does (docs/image.md), or ONNX, for other runtimes. What cannot be said exactly is refused by name. What was written is opened again and asked before it takes its name.')
    .argument('<model>', 'a model file, a folder of one model, or a repository (its highest version)')
    .argument('<out>', 'the file that is written, whole or not at all')
    .addOption(new Option('--format <format>', 'what is written; left out: onnx if <out> ends with .onnx, else image').choices(['image', 'onnx']))
    .option('--force', 'write over a file that is there')
    .addOption(treesOption())
    .addOption(categoriesOption())
    .addHelpText('after', `
Examples:
  sluice convert delay.json delay.sluice
  sluice convert models/eta eta.sluice --force
  sluice convert delay.json delay.onnx`)
    .action(convert)
}

async function convert(path: string, out: string, { format = extname(out) === '.onnx' ? 'onnx' : 'image', force = false, ...options }: Flags): Promise<void> {
  await checkFree(out, force)
  const [{ candidates, placeAt }, { read }] = await Promise.all([import('../strategies/embedded/places.ts'), import('../strategies/embedded/read.ts')])
  const [best] = await candidates(await placeAt(path))
  if (best === undefined) throw new SluiceError('SLUICE_MODEL_MISSING', `no version of a model in '${path}'`, { at: path })
  const { model } = await read(best.path, options)
  const { bytes, checked } = await written(model, basename(out), format)
  await writeWhole(out, bytes, force)
  const name = best.version === undefined ? path : `${path}, version ${best.version}`
  process.stdout.write(`${out}: ${format === 'onnx' ? 'ONNX' : 'image'} of ${name} (${String(model.facts['image of'] ?? model.format)}), ${bytes.length} bytes; ${checked}\n`)
}

/** checked: in what way what was written was opened again. */
async function written(model: Model, name: string, format: 'image' | 'onnx'): Promise<{ readonly bytes: Uint8Array; readonly checked: string }> {
  if (format === 'onnx') {
    const [{ writeOnnx }, { checkOnnx }] = await Promise.all([import('../models/formats/onnx-write/index.ts'), import('../models/formats/onnx-write/check.ts')])
    const bytes = writeOnnx(model)
    try {
      return { bytes, checked: `opened again, ${await checkOnnx(model, name, bytes)} rows have the same answers but for rounding` }
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'SLUICE_MODEL_UNSUPPORTED') throw error
      return { bytes, checked: `not opened again, as Sluice does not read all of it (${error.message})` }
    }
  }
  const [{ writeImage }, { image }] = await Promise.all([import('../models/formats/image/write.ts'), import('../models/formats/image/index.ts')])
  const { bytes, rows } = await writeImage(model)
  await image.read({ names: [name], read: async () => bytes }, {})
  return { bytes, checked: `opened again, ${rows} rows have the same answers to the last bit` }
}

/** Looked at before the work and after it. */
async function checkFree(out: string, force: boolean): Promise<void> {
  const found = await stat(out).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (found?.isDirectory() === true) throw new SluiceError('SLUICE_FILE_FORMAT', `'${out}' is a folder`, { at: out, why: 'a converted model is one file', fix: `name a file in it, such as ${join(out, 'model.sluice')}` })
  if (found !== undefined && !force) throw new SluiceError('SLUICE_OUTPUT_EXISTS', `'${out}' is there already`, { at: out, why: 'no file is written over unasked', fix: 'choose another name, or give --force' })
}

/** Beside it first, under a name that nobody takes for a model. */
async function writeWhole(out: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const beside = join(dirname(out), `.${basename(out)}.${process.pid}.tmp`)
  await failing('writing', out, 'SLUICE_WRITE_FAILED', async () => {
    try {
      await using file = await open(beside, 'wx')
      await file.writeFile(bytes)
      await file.sync()
      await checkFree(out, force)
      await rename(beside, out)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  })
}
