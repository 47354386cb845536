import type { Files } from '../../core/models.ts'

/** The one file of a model that is a single file: the only one, or of a folder the first that looks right by its content, those called
    `model.*` first. Files of other kinds (a README, rows to test with) may lie beside it. */
export async function findFile(files: Files, extensions: readonly string[], looksRight: (bytes: Uint8Array) => boolean): Promise<{ name: string; bytes: Uint8Array } | undefined> {
  const rank = (name: string): number => name.startsWith('model.') ? extensions.indexOf(name.slice(6)) : extensions.length
  const candidates = files.names.length === 1
    ? files.names
    : files.names.filter(name => !name.includes('/') && extensions.some(e => name.endsWith('.' + e))).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  for (const name of candidates) {
    const bytes = await files.read(name)
    if (looksRight(bytes)) return { name, bytes }
  }
  return undefined
}

/** The beginning of a file as text, one character a byte. */
export function beginning(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length))
}
