import { page as catboost } from './catboost/page.ts'
import { page as image } from './image/page.ts'
import { page as lightgbm } from './lightgbm/page.ts'
import { page as mleap } from './mleap/page.ts'
import { page as onnx } from './onnx/page.ts'
import type { FormatPage } from './page.ts'
import { page as pmml } from './pmml/page.ts'
import { page as spark } from './spark/page.ts'
import { page as xgboost } from './xgboost/page.ts'

/** By the format's name. Loaded by those who ask for it: what reads and runs models does not. */
export const pages: { readonly [format: string]: FormatPage | undefined } = { catboost, image, lightgbm, mleap, onnx, pmml, spark, xgboost }
