import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: '3.3, 4.7; file versions v2 to v4',
  supported: [
    ['objectives', 'all of 4.7: regression, L1, Huber, fair, quantile, MAPE, with `sqrt`; Poisson, gamma, tweedie; binary, multiclass, one against all, with `sigmoid`; cross-entropy; ranking. Of your own: the raw score'],
    ['also', 'categorical splits with the names of a pandas frame, `zero_as_missing`, linear trees'],
  ],
  refused: [
    ['refused', 'a model whose columns of categories cannot be told: ordered categories beside others'],
  ],
  exports: [
    { language: 'python', text: 'model.booster_.save_model("eta.txt")                # LGBMClassifier, LGBMRegressor; of a Booster: booster.save_model("eta.txt")' },
  ],
}
