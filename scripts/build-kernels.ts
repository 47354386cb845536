// Compiles the kernels (src/kernels/wasm) into src/kernels/kernels.wasm, unless it is there and made of these very sources, and copies it to the
// path that is given: node scripts/build-kernels.ts dist/kernels/kernels.wasm
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('../src/kernels/wasm/', import.meta.url))
const OUTPUT = fileURLToPath(new URL('../src/kernels/kernels.wasm', import.meta.url))
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--noExportMemory', '--initialMemory', '1', '--maximumMemory', '65536',
  '--zeroFilledMemory', '--memoryBase', '1024', '--enable', 'simd', '--enable', 'relaxed-simd', '--disableWarning', '201', '--config', 'none',
  // keeps the names of functions, for traps and profiles
  '--debug']
/** A tag in a comment becomes the decorator, which TypeScript has no syntax for. */
const INLINE = / \* @inline\n \*\/\n(export )?function/g
const SECTION = 'sources'
const LOCK_OLD_MS = 60_000

/** The bytes of the kernels, compiled if need be. */
export async function builtKernels(): Promise<Uint8Array> {
  for (;;) {
    const hash = hashOfSources(), found = read(OUTPUT)
    if (found !== undefined && found.subarray(-hash.length).equals(hash)) return found
    const release = lock()
    if (release === undefined) { await new Promise(resolve => { setTimeout(resolve, 50) }); continue }
    try {
      const bytes = Buffer.concat([await compile(), section(SECTION, hash)])
      writeFileSync(`${OUTPUT}.new`, bytes)
      renameSync(`${OUTPUT}.new`, OUTPUT)
      return bytes
    } finally { release() }
  }
}

async function compile(): Promise<Uint8Array> {
  // not by its types: they declare globals of their own
  const name = 'assemblyscript/asc'
  const { default: asc } = await import(name) as { readonly default: Compiler }
  let output: Uint8Array | undefined
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...OPTIONS], {
    readFile: name => read(join(SOURCES, name))?.toString().replace(INLINE, ' */\n@inline\n$1function') ?? null,
    listFiles: () => [],
    writeFile: (_, contents) => { if (typeof contents !== 'string') output = contents },
  })
  if (error !== null || output === undefined) throw new Error(`the kernels do not compile:\n${stderr.toString()}`)
  return output
}

interface Compiler {
  main(args: readonly string[], api: { readFile(name: string): string | null; listFiles(): readonly string[]; writeFile(name: string, contents: Uint8Array | string): void }): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>
}

function hashOfSources(): Buffer {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly devDependencies: { readonly [name: string]: string } }
  const hash = createHash('sha256').update(devDependencies['assemblyscript']!).update(readFileSync(fileURLToPath(import.meta.url)))
  for (const name of readdirSync(SOURCES).filter(name => name.endsWith('.ts')).sort()) hash.update(`\0${name}\0`).update(readFileSync(join(SOURCES, name)))
  return hash.digest()
}

/** A section that engines pass over: 0, size, length of the name, name, content; sizes below 128 are one byte. */
const section = (name: string, content: Buffer): Buffer =>
  Buffer.concat([Buffer.of(0, 1 + name.length + content.length, name.length), Buffer.from(name), content])

function read(path: string): Buffer | undefined {
  try { return readFileSync(path) } catch { return undefined }
}

/** Test files run side by side, and one compilation is enough. undefined: another process compiles. */
function lock(): (() => void) | undefined {
  const path = `${OUTPUT}.lock`
  try { mkdirSync(path) } catch {
    // its owner was killed
    try { if (Date.now() - statSync(path).mtimeMs > LOCK_OLD_MS) rmSync(path, { recursive: true, force: true }) } catch { /* it has just been released */ }
    return undefined
  }
  return () => { rmSync(path, { recursive: true, force: true }) }
}

if (import.meta.main) {
  const [target] = process.argv.slice(2)
  await builtKernels()
  if (target !== undefined) {
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(OUTPUT, target)
  }
}
