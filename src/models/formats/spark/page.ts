import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: '3.5, 4.0, 4.3; files since 2.3 are read. The folder that `save` writes, alone or in another one, or a zip of it',
  supported: [
    ['features', 'StringIndexer, IndexToString, OneHotEncoder, VectorAssembler, Imputer, Bucketizer and QuantileDiscretizer, Binarizer; Standard-, MinMax-, MaxAbs-, RobustScaler, Normalizer; PCA, PolynomialExpansion, Interaction, ElementwiseProduct; VectorSlicer, VectorIndexer, the selectors'],
    ['classifiers', 'LogisticRegression, LinearSVC, DecisionTree, RandomForest, GBT, NaiveBayes (all four), MultilayerPerceptron, FM, OneVsRest'],
    ['regression', 'Linear, GeneralizedLinear (all families and links, `offsetCol`), DecisionTree, RandomForest, GBT, AFTSurvival, Isotonic, FM'],
    ['clusters', 'KMeans, BisectingKMeans, GaussianMixture'],
    ['also', 'pipelines in pipelines, the best model of CrossValidator and TrainValidationSplit; the words of classes, of the StringIndexer of the label or of IndexToString'],
  ],
  refused: [
    ['refused', 'stages on texts (Tokenizer, HashingTF, CountVectorizer, IDF, Word2Vec, FeatureHasher), DCT, SQLTransformer, RFormula, ALS, LDA; `leafCol`, `varianceCol`; parameters of later versions'],
  ],
  exports: [
    {
      language: 'python', text: [
        'model = Pipeline(stages=[...]).fit(frame)',
        'model.write().overwrite().save("/models/eta")    # a folder: metadata/, stages/',
      ].join('\n'),
    },
  ],
}
