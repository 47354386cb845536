import { difference, LOST } from '../../categories.ts'
import type { Categories } from '../../categories.ts'
import type { Place } from '../place.ts'

/** What the categories of one feature are called. */
export interface Named {
  readonly names: Categories
  /** Where names are cut: what is left of them, behind one another, as UTF-8. */
  readonly left?: Uint8Array
}

/** model.cats (since 3.1): what the categories of a data frame were called. enc[f] = {offsets, values}: texts as UTF-8 in signed bytes, text i
    from offsets[i] to offsets[i + 1]; or {type, values}: numbers. A category that is not among them is refused, so there is no `unknown`: 3.4
    refuses it as well, while 3.1 to 3.3 by mistake took the next one in the order of the names (dmlc/xgboost #12189). */
export function namesOf(model: Place, width: number, version: string): readonly Named[] {
  const encoded = model.maybe('cats')?.maybe('enc')
  if (encoded === undefined || (ArrayBuffer.isView(encoded.value) && encoded.value.byteLength === 0)) return []
  const features = encoded.items()
  if (features.length !== 0 && features.length !== width) throw encoded.broken(`categories of ${features.length} features, where ${width} are`)
  const cut = cutsNames(version)
  return features.map((feature): Named => {
    const values = feature.at('values').numbers()
    const offsets = feature.maybe('offsets')?.integers()
    if (offsets === undefined) return { names: Array.from(values) }
    const bytes = Uint8Array.from(values, v => v & 255)
    const letters = cut && bytes.some(byte => byte > 127) ? Array.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })) : undefined
    const names: string[] = []
    for (let i = 0; i + 1 < offsets.length; i++) {
      const from = offsets[i]!, to = offsets[i + 1]!
      if (from < 0 || to < from || to > bytes.length) throw feature.at('offsets').broken(`name ${i} lies outside of the ${bytes.length} bytes there are`)
      names.push(letters === undefined ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(from, to)) : letters.slice(from, to).join('').padEnd(to - from, LOST))
    }
    return letters === undefined ? { names } : { names, left: bytes }
  })
}

/** From pandas, 3.1 to 3.3 wrote offsets that count characters, and as many bytes as there are characters (dmlc/xgboost #12360): a letter that
    takes two bytes costs a byte at the end. What is lost is LOST, one for each character. */
function cutsNames(version: string): boolean {
  const [major, minor] = version.split('.').map(Number)
  return major === 3 && minor !== undefined && minor < 4
}

/** What of the list cannot be what the names were before they were cut. */
export function differsFrom({ names, left }: Named, list: Categories): string | undefined {
  if (left === undefined) return difference(names, list)
  let position = 0
  return difference(names, list, at => {
    const name = list[at], known = names[at] as string
    if (typeof name !== 'string' || Array.from(name).length !== Array.from(known).length) return false
    const bytes = new TextEncoder().encode(name), kept = left.subarray(position, position + bytes.length)
    position += bytes.length
    return kept.every((byte, i) => byte === bytes[i])
  })
}
