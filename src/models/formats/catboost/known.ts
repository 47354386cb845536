import { SluiceError } from '../../../core/errors.ts'
import type { Place } from '../place.ts'

/** Nothing is passed over. @throws SLUICE_MODEL_UNSUPPORTED a key that is not known, SLUICE_MODEL_BROKEN it is no object */
export function known(file: string, place: Place, keys: readonly string[]): void {
  place.maybe(keys[0]!)          // it is an object
  const strange = Object.keys(place.value as object).find(key => !keys.includes(key))
  if (strange !== undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: '${strange.slice(0, 60)}' is not known here`, { at: place.path === '' ? file : place.path })
}
