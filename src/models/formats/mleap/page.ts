import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: 'mleap-runtime 0.16 and 0.20, PyPI mleap 0.25.3 with scikit-learn 1.9; 0.16 to 0.23 are read. The archive or its folder, JSON or protocol buffers, trees in `tree` or `nodes`',
  supported: [
    ['features', 'vector_assembler, string_indexer, reverse_string_indexer, string_map, one_hot_encoder, imputer, coalesce, bucketizer, binarizer; standard-, min_max-, max_abs_scaler, normalizer; pca, polynomial_expansion, interaction, elementwise_product, idf, vector_slicer, chi_sq_selector, vector_indexer; math_unary, math_binary'],
    ['classifiers', 'logistic_regression, linear_svc, support_vector_machine, decision_tree, random_forest, gbt, naive_bayes, multi_layer_perceptron, one_vs_rest'],
    ['regression, clusters', 'linear, generalized_linear, aft_survival, isotonic, decision_tree, random_forest, gbt; k_means, bisecting_k_means, gaussian_mixture'],
    ['of scikit-learn', 'StandardScaler, MinMaxScaler, Binarizer, PolynomialFeatures, SimpleImputer, LabelEncoder, OneHotEncoder; LogisticRegression, LinearSVC, trees, forests'],
  ],
  refused: [
    ['refused', 'operations on texts (tokenizer, count_vectorizer, hashing, word_to_vector, n-grams, regular expressions), dct, lda, als, LSH, feature_hasher, map_entry_selector, categorical_drilldown, tensorflow; `logit`; PCA of scikit-learn, whose bundle lacks the mean'],
  ],
  exports: [
    {
      language: 'scala', text: [
        '// Scala, with mleap-spark',
        'implicit val context = SparkBundleContext().withDataset(model.transform(frame))',
        'val bundle = BundleFile("jar:file:/models/eta.zip")',
        'try model.writeBundle.save(bundle).get finally bundle.close()',
      ].join('\n'),
    },
    {
      language: 'python', text: [
        'import mleap.pyspark                                # PySpark',
        'from mleap.pyspark.spark_support import SimpleSparkSerializer',
        'model.serializeToBundle("jar:file:/models/eta.zip", model.transform(frame))',
      ].join('\n'),
    },
    {
      language: 'python', text: [
        'pipeline.mlinit()                                   # scikit-learn, each step with mlinit of its own before',
        'pipeline.fit(frame, labels)',
        'pipeline.serialize_to_bundle("/models", "eta", init=True)',
      ].join('\n'),
    },
  ],
}
