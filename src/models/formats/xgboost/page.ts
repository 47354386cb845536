import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: '1.7, 2.1, 3.2; files since 1.0 are read',
  supported: [
    ['objectives', 'all of 3.2: squared, squared log, absolute, pseudo-Huber, quantile; logistic, logitraw, hinge; softmax, softprob; Poisson, gamma, tweedie; Cox, AFT; ranking'],
    ['also', 'forests (`num_parallel_tree`), several classes or targets, vector leaves, categorical splits, `base_score` as one number or one a class'],
  ],
  refused: [
    ['refused', 'objectives of your own, and of later versions; the binary form from before 1.0 (load it with the XGBoost that wrote it and save it as `.json`); more than 1,048,576 features'],
  ],
  notes: [
    ['not in a model file', '`base_margin`: it is not used'],
  ],
  exports: [
    { language: 'python', text: 'model.save_model("eta.json")                        # XGBClassifier, XGBRegressor, Booster; in R: xgb.save(model, "eta.json")' },
  ],
}
