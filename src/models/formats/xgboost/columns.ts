import type { Column } from '../../../core/tensors.ts'
import type { Place } from './document.ts'

// wider rows are sparse, and rows are dense here
const WIDTH_MAX = 1 << 20

/** The features in the file's order, f0, f1, ... where it has no names. NaN is missing for every booster. `facts`: what a user must know. */
export function columnsOf(learner: Place, model: Place, version: string): { readonly columns: readonly Column[]; readonly facts: { readonly [fact: string]: string } } {
  const declared = learner.at('learner_model_param').at('num_feature')
  const width = declared.count()
  if (width > WIDTH_MAX) throw declared.broken(`${width} features are more than ${WIDTH_MAX}`)
  const names = learner.maybe('feature_names')?.texts() ?? []
  if (names.length !== 0 && names.length !== width) throw learner.at('feature_names').broken(`${names.length} names for ${width} features`)
  const categories = categoryNames(model, width, cutsNames(version))
  const columns = Array.from({ length: width }, (_, i): Column => {
    const column = { name: names[i] ?? `f${i}`, missing: true }
    const list = categories[i]
    return list === undefined || list.length === 0 ? column : { ...column, categories: list }
  })
  const lost = columns.flatMap(({ name, categories = [] }) => {
    const count = categories.filter(category => typeof category === 'string' && category.includes('\ufffd')).length
    return count === 0 ? [] : [`${name}: ${count} of ${categories.length}`]
  })
  return { columns, facts: lost.length === 0 ? {} : { 'category names cut off by XGBoost before 3.4': lost.join(', ') } }
}

/** model.cats (since 3.1): what the categories of a data frame were called. enc[f] = {offsets, values}: texts as UTF-8 in signed bytes, text i
    from offsets[i] to offsets[i + 1]; or {type, values}: numbers. A category that is not among them is refused, so there is no `unknown`: 3.4
    refuses it as well, while 3.1 to 3.3 by mistake took the next one in the order of the names (dmlc/xgboost #12189). */
function categoryNames(model: Place, width: number, cut: boolean): readonly (readonly (string | number)[])[] {
  const encoded = model.maybe('cats')?.maybe('enc')
  if (encoded === undefined || (ArrayBuffer.isView(encoded.value) && encoded.value.byteLength === 0)) return []
  const features = encoded.items()
  if (features.length !== 0 && features.length !== width) throw encoded.broken(`categories of ${features.length} features, where ${width} are`)
  return features.map(feature => {
    const values = feature.at('values').numbers()
    const offsets = feature.maybe('offsets')?.integers()
    if (offsets === undefined) return Array.from(values)
    const bytes = Uint8Array.from(values, v => v & 255)
    const text = cut && bytes.some(byte => byte > 127) ? Array.from(new TextDecoder().decode(bytes, { stream: true })) : undefined
    const names: string[] = []
    for (let i = 0; i + 1 < offsets.length; i++) {
      const from = offsets[i]!, to = offsets[i + 1]!
      if (from < 0 || to < from || to > bytes.length) throw feature.at('offsets').broken(`name ${i} lies outside of the ${bytes.length} bytes there are`)
      names.push(text === undefined ? new TextDecoder().decode(bytes.subarray(from, to)) : text.slice(from, to).join('').padEnd(to - from, '\ufffd'))
    }
    return names
  })
}

/** From pandas, 3.1 to 3.3 wrote offsets that count characters, and as many bytes as there are characters (dmlc/xgboost #12360): a letter that
    takes two bytes costs a byte at the end. What is lost is U+FFFD, one for each character: no record's value is equal to such a name. */
function cutsNames(version: string): boolean {
  const [major, minor] = version.split('.').map(Number)
  return major === 3 && minor !== undefined && minor < 4
}
