import type { ModelRef, Predictor } from './stages.ts'
import type { Signature } from './tensors.ts'

/** A model in memory, whatever file it came from. src/models says what each kind holds. */
export interface Model {
  readonly kind: string
  readonly signature: Signature
  /** The name of the format it was read from. */
  readonly format: string
  /** What a user wants to know of it, in order: objective, trees, depth, which trees are used. */
  readonly facts: Readonly<{ [fact: string]: string | number }>
  /** Bytes that it holds in memory. */
  readonly bytes: number
  /** Outputs under the names of the origin library, in the order of its own table: `{ predict: 'prediction', margin: 'margin' }`. Several
      numbers a row are its columns `predict_0`, `predict_1`, ... unless their names are given. */
  readonly raw: Readonly<{ [column: string]: string | RawOutput }>
}
/** columns: one for each number of a row. */
export interface RawOutput { readonly output: string; readonly columns: readonly string[] }
/** The files of one model: one file, or a folder's, by path relative to it with '/'. */
export interface Files { readonly names: readonly string[]; read(name: string): Promise<Uint8Array> }
/** Options of formats that have several right answers. */
export interface ReadOptions {
  /** Which trees of an early-stopped XGBoost model: up to the best iteration (as scikit-learn's wrapper) or all (as Booster.predict). Default best. */
  readonly trees?: 'best' | 'all'
  /** By feature: its categories in the order of their codes, for files that hold their names not at all or not whole. What the file does hold
      must agree, and a format passes over nothing that is given: SLUICE_CONFIG_INVALID. */
  readonly categories?: { readonly [feature: string]: readonly (string | number | boolean)[] }
  /** An ONNX graph that is not understood stays one, for ONNX Runtime, instead of being refused. */
  readonly graphs?: boolean
}
export interface Format {
  readonly name: string
  /** One line for `sluice formats`. */
  readonly title: string
  /** Its models are folders with folders in them: they are told from a repository of versions by all that lies below. */
  readonly inFolders?: true
  /** By content, never by extension alone. */
  detect(files: Files): Promise<boolean>
  /** @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
  read(files: Files, options: ReadOptions): Promise<Model>
}
export interface Evaluator {
  readonly name: string
  /** @throws SLUICE_MODEL_UNSUPPORTED when it cannot execute this model: the next one is tried. */
  open(model: Model, ref: ModelRef): Promise<Opened>
}
export interface Opened extends Predictor {
  /** In what way, for people. */
  readonly how?: string
  /** That it holds in memory besides the model. */
  readonly bytes?: number
}
