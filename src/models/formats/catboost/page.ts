import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: '1.2.10',
  supported: [
    ['trees', 'symmetric, Depthwise, Lossguide; several numbers a leaf; scale and bias; sums of models'],
    ['features', 'numbers with the three rules for NaN; categories that are compared as words (`one_hot_max_size`)'],
    ['losses', 'all of 1.2: regressions, Poisson and Tweedie (`exp`), RMSEWithUncertainty; Logloss, CrossEntropy, Focal, MultiClass, MultiClassOneVsAll, MultiLogloss, with the names of classes and the threshold; ranking, several targets and losses of your own: the raw score'],
  ],
  refused: [
    ['refused', 'categories as target statistics (CTR: train with `one_hot_max_size`), a file without the words of its categories, `.cbm` files. Text and embedding features CatBoost itself saves as `.cbm` only'],
  ],
  exports: [
    {
      language: 'python', text: [
        'from catboost import Pool                          # the pool: where categories are words',
        'model.save_model("eta.json", format="json", pool=Pool(X, y, cat_features=["city"]))',
      ].join('\n'),
    },
  ],
}
