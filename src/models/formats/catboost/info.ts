import { SluiceError } from '../../../core/errors.ts'
import type { Place, Value } from '../place.ts'

/** What model_info says that matters for answers. */
export interface Info {
  readonly version: string
  /** 'Logloss'; undefined: the file does not say. */
  readonly loss: string | undefined
  /** A trained class's place among all classes; undefined: the file does not say. */
  readonly places: readonly number[] | undefined
  /** Of all classes, also such as were not in the training data; undefined: 0, 1, 2, ... */
  readonly classes: readonly (string | number | boolean)[] | undefined
  /** Of two classes the second, from this probability on. */
  readonly threshold: number
}

/** model_info: keys and texts of which some are JSON. Models that were summed have what was said of each under keys of their own (model0:params). */
export function infoOf(file: string, info: Place | undefined): Info {
  const version = /CatBoost release (\d+(?:\.\d+)*)|tags\/v(\d+(?:\.\d+)*)/.exec(textIn(info, 'catboost_version_info'))
  const loss = info?.maybe('params')?.maybe('loss_function') ?? parsed(info?.maybe('loss_function'))
  const classes = info?.maybe('class_params') ?? info?.maybe('multiclass_params')
  const threshold = Number(textIn(info, 'binclass_probability_threshold') || '0.5')
  if (!(threshold > 0 && threshold < 1)) throw info!.at('binclass_probability_threshold').broken('it is no probability between 0 and 1')
  return { version: version?.[1] ?? version?.[2] ?? 'unknown', loss: loss === undefined ? undefined : nameOf(loss), threshold, ...classesOf(file, classes) }
}

const textIn = (info: Place | undefined, key: string): string => info?.maybe(key)?.text() ?? ''

/** {"type": "RMSE", "params": {}}, as an object or as the text of one. */
function nameOf(loss: Place): string {
  return typeof loss.value === 'string' ? loss.text() : loss.at('type').text()
}
function parsed(place: Place | undefined): Place | undefined {
  if (place === undefined || typeof place.value !== 'string' || !place.value.startsWith('{')) return place
  const type = /^\{.*"type"\s*:\s*"(\w+)"/.exec(place.value)?.[1]
  if (type === undefined) throw place.broken('it is no loss function')
  return { ...place, value: type, text: () => type }
}

const KINDS: readonly string[] = ['String', 'Integer', 'Float', 'Boolean']
// more classes than a model could have leaves for
const CLASSES_MAX = 1 << 16

/** class_to_label: the label of each class that was trained. Where the user gave names or a number of classes, its place among these. */
function classesOf(file: string, params: Place | undefined): Pick<Info, 'classes' | 'places'> {
  if (params === undefined) return { classes: undefined, places: undefined }
  const kind = params.maybe('class_label_type')?.text() ?? 'Integer'
  if (!KINDS.includes(kind)) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: labels of the type '${kind.slice(0, 40)}'`, { at: params.path })
  const labels = params.at('class_to_label').numbers(), names = params.maybe('class_names')?.value ?? [], count = params.maybe('classes_count')?.count() ?? 0
  if (!isNames(names)) throw params.at('class_names').broken('a list of names belongs here')
  if (count > CLASSES_MAX || names.length > CLASSES_MAX) throw params.broken(`${count} classes`)
  if (count === 0 && names.length === 0) return { classes: Array.from(labels), places: Array.from(labels, (_, i) => i) }
  const classes = names.length > 0 ? names : Array.from({ length: count }, (_, i) => i)
  const places = Array.from(labels)
  if (places.some((place, i) => !Number.isInteger(place) || place < 0 || place >= classes.length || (i > 0 && place <= places[i - 1]!))) throw params.at('class_to_label').broken(`it does not name places among ${classes.length} classes, in order`)
  return { classes, places }
}
const isNames = (value: Value): value is readonly (string | number | boolean)[] => Array.isArray(value) && value.every(name => typeof name === 'string' || typeof name === 'number' || typeof name === 'boolean')
