import type { Keys, ModelRef, Predictor } from './stages.ts'

export interface Route { readonly answer: ModelRef; readonly shadows: readonly ModelRef[] }
/** Same key, same table, same route: no clock, no randomness. */
export interface Router {
  readonly version: number
  readonly routes: readonly Route[]
  /** [rows] the index into routes; -1: no model, the record is rejected. */
  assign(keys: Keys, into: Int32Array): void
}
/** Router and predictors that belong together: taken once per batch, given back when its last call has settled; a predictor that is no
    longer wanted is closed after the last one that holds it. predictors[i] answers routes[i]. */
export interface Serving { readonly router: Router; readonly predictors: readonly Predictor[]; release(): void }
export interface Control { take(): Serving; close(): Promise<void> }
