import type { TreeSource } from '../trees.ts'
import type { Bench } from './bench.ts'

/* A pipeline of columns as Spark ML 3.5 has it, and MLeap after it: stages read named columns and add named columns. `compile.ts` makes a
   program of it. A column is a number or a vector of known width, or words.

   A column that no stage makes is raw: an input of the model. Its width is what its first reader needs (a model knows its features), else 1.
   A stage whose output nothing reads is left out, and so are its inputs: a string_indexer of the training label asks for no label.
   What is missing in a record is NaN here. Spark tells null from NaN in few places, and where it does, what it does for null counts.
   Sums go from the first feature to the last in float64. */

/** A value that the stage has no rule for. `error`: Spark's job fails; `skip`: Spark leaves the row out. Here both reject that row. `keep`: as each stage says. */
export type Invalid = 'error' | 'skip' | 'keep'

interface Placed {
  /** The place in the file, for errors: 'stages/1_StandardScaler_bb23165cfc4d'. */
  readonly at: string
}
interface Mapping extends Placed { readonly input: string; readonly output: string }

/** A raw column of which the file tells more than the stages do. */
export interface RawColumn {
  readonly name: string
  /** Numbers of a vector; absent: a scalar. */
  readonly width?: number
}

export interface Pipeline {
  readonly stages: readonly Stage[]
  /** In the order of the file; those that are not listed follow in the order in which they are read first. */
  readonly columns?: readonly RawColumn[]
}

/** Columns one after the other. A NaN scalar (not one within a vector) is invalid; keep: it stays NaN. */
interface VectorAssembler extends Placed { readonly stage: 'vector_assembler'; readonly inputs: readonly string[]; readonly output: string; readonly invalid: Invalid }

/** (x - mean) * (1 / std), 0 where std is 0. Absent: that half is not done. */
interface StandardScaler extends Mapping { readonly stage: 'standard_scaler'; readonly mean?: Float64Array; readonly std?: Float64Array }
/** (x - median) * (1 / range), 0 where range is 0. */
interface RobustScaler extends Mapping { readonly stage: 'robust_scaler'; readonly median?: Float64Array; readonly range?: Float64Array }
/** (x - low) * ((max - min) / (high - low)) + min; (min + max) / 2 where high = low. NaN stays. */
interface MinMaxScaler extends Mapping { readonly stage: 'min_max_scaler'; readonly low: Float64Array; readonly high: Float64Array; readonly min: number; readonly max: number }
/** x * (1 / maxAbs); x where maxAbs is 0. */
interface MaxAbsScaler extends Mapping { readonly stage: 'max_abs_scaler'; readonly maxAbs: Float64Array }
/** x / its p-norm; x where that is 0. */
interface Normalizer extends Mapping { readonly stage: 'normalizer'; readonly p: number }

/** The index of the word. keep: `labels.length` for others and for what is missing. A column of numbers is compared as text, as Java writes a double. */
interface StringIndexer extends Mapping { readonly stage: 'string_indexer'; readonly labels: readonly string[]; readonly invalid: Invalid }
/** The word at the index, cut to an integer. Labels absent: those of the string_indexer that made the input. An index outside rejects the row. */
interface IndexToString extends Mapping { readonly stage: 'index_to_string'; readonly labels?: readonly string[] }
/** A vector of `size` numbers, 1 at the index (cut to an integer); keep: one more, for what is not in [0, size). dropLast: without the last of these. */
interface OneHot extends Mapping { readonly stage: 'one_hot'; readonly size: number; readonly dropLast: boolean; readonly invalid: Invalid }
/** The surrogate for NaN and for `missing`. */
interface Imputer extends Mapping { readonly stage: 'imputer'; readonly surrogate: number; readonly missing: number }
/** The bucket i with splits[i] <= x < splits[i + 1], the last one closed. NaN is invalid; keep: splits.length - 1. Outside of the splits the row is rejected
    whatever `invalid` says. -0 lies below a split at 0 (java.util.Arrays.binarySearch). */
interface Bucketizer extends Mapping { readonly stage: 'bucketizer'; readonly splits: Float64Array; readonly invalid: Invalid }
/** 1 where x > threshold, else 0; of scalars and vectors. */
interface Binarizer extends Mapping { readonly stage: 'binarizer'; readonly threshold: number }

/** x (no mean is taken off) by a matrix [width, k], row-major: the rows are features. */
interface Pca extends Mapping { readonly stage: 'pca'; readonly width: number; readonly k: number; readonly components: Float64Array }
/** All products of up to `degree` features, in Spark's order: x, x², y, xy, y² for x and y and degree 2. */
interface PolynomialExpansion extends Mapping { readonly stage: 'polynomial_expansion'; readonly degree: number }
/** All products of one number of each input, the last input varying fastest. An input of two or more categories (its levels are
    known from the stage that made it) is one-hot first; a vector that holds some is refused, for Spark passes over category 0 where it is stored sparse.
    `levels`: of each input, for each of its numbers how many levels, 0 for a number; absent: as known from the stages before. */
interface Interaction extends Placed { readonly stage: 'interaction'; readonly inputs: readonly string[]; readonly output: string; readonly levels?: readonly (readonly number[])[] }
/** x * w */
interface ElementwiseProduct extends Mapping { readonly stage: 'elementwise_product'; readonly weights: Float64Array }
/** Some numbers of a vector: by index, then those by name (of the columns that a vector_assembler put together). */
interface VectorSlicer extends Mapping { readonly stage: 'vector_slicer'; readonly indices: readonly number[]; readonly names: readonly string[] }
/** Values of some features become indices of categories, the others stay. keep: the number of categories for others.
    `maps`: by feature the values in the order of their indices. */
interface VectorIndexer extends Mapping { readonly stage: 'vector_indexer'; readonly width: number; readonly maps: ReadonlyMap<number, Float64Array>; readonly invalid: Invalid }

/** What another library computes in its own way: steps that its reader adds. `make` gets the values of the inputs, all numbers, and gives that of the output:
    a vector where one of the inputs is. `width`: of its one input, where the file tells. `missing`: it has a rule for NaN in its inputs. */
interface Computed extends Placed {
  readonly stage: 'computed'; readonly inputs: readonly string[]; readonly output: string; readonly width?: number; readonly missing?: boolean
  make(bench: Bench, inputs: readonly number[]): number
}

export type FeatureStage =
  | VectorAssembler | StandardScaler | RobustScaler | MinMaxScaler | MaxAbsScaler | Normalizer | StringIndexer | IndexToString | OneHot | Imputer | Bucketizer | Binarizer
  | Pca | PolynomialExpansion | Interaction | ElementwiseProduct | VectorSlicer | VectorIndexer | Computed

/** Columns that a model adds; absent: that one is not made. */
interface Answering extends Placed { readonly features: string; readonly prediction?: string }
interface Classifying extends Answering {
  /** Scores of the classes. */
  readonly raw?: string
  readonly probability?: string
  /** [classes] The class with the largest p / threshold, the first of equal ones; absent: with the largest score. */
  readonly thresholds?: Float64Array
  /** Words of the classes, where the file knows them. */
  readonly labels?: readonly string[]
}

/** `binary`: m = x·w + b, scores [-m, m], p = 1 / (1 + e^-m) of -m, and 1 - p; class 1 where m > ln(t / (1 - t)), or where p1 > t if there are no scores.
    `weights` [1, width] row-major; `threshold` is t, 0.5 where absent; `thresholds` [t0, t1]: t = 1 / (1 + t0 / t1). */
interface BinaryLogistic extends Classifying {
  readonly stage: 'binary_logistic'; readonly weights: Float64Array; readonly intercept: number; readonly threshold: number
  /** MLeap: each probability is that of its own score, and class 1 is where p1 > t wherever there are probabilities. */
  readonly each?: boolean
}
/** Scores b + x·w [classes, width] row-major, probabilities are their softmax. */
interface MultinomialLogistic extends Classifying { readonly stage: 'multinomial_logistic'; readonly weights: Float64Array; readonly intercepts: Float64Array }
/** m = x·w + b, scores [-m, m], class 1 where m > threshold. */
interface LinearSvc extends Omit<Classifying, 'probability' | 'thresholds'> { readonly stage: 'linear_svc'; readonly weights: Float64Array; readonly intercept: number; readonly threshold: number }
/** x·w + b */
interface LinearRegression extends Answering { readonly stage: 'linear_regression'; readonly weights: Float64Array; readonly intercept: number }
export type GlmFamily = 'gaussian' | 'binomial' | 'poisson' | 'gamma' | 'tweedie'
/** power: mu = eta^(1 / power). */
export type GlmLink = 'identity' | 'log' | 'inverse' | 'logit' | 'probit' | 'cloglog' | 'sqrt' | { readonly power: number }
/** The mean for x·w + b + offset, held within what the family allows (above 1e-16; of binomial below 1 - 1e-16). `linkPrediction`: the column of the sum itself. */
interface Glm extends Answering {
  readonly stage: 'glm'; readonly family: GlmFamily; readonly link: GlmLink; readonly weights: Float64Array; readonly intercept: number
  readonly offset?: string; readonly linkPrediction?: string
}
/** e^(x·w + b); quantiles of the Weibull distribution at `probabilities`: that times (-ln(1 - p))^scale. */
interface AftSurvival extends Answering {
  readonly stage: 'aft_survival'; readonly weights: Float64Array; readonly intercept: number; readonly scale: number
  readonly quantiles?: { readonly column: string; readonly probabilities: Float64Array }
}

/** Trees whose nodes are made by `splitAt` and `splitIn` of trees.ts: left where x <= threshold, NaN to the right. */
interface Trees { readonly width: number; readonly trees: readonly TreeSource[] }
/** A leaf has counts of the classes: the scores are those of the one tree, or the sum over trees of counts / their sum; probabilities are scores / their sum. */
interface TreeClassifier extends Classifying, Trees { readonly stage: 'tree_classifier'; readonly classes: number; readonly forest: boolean }
/** A leaf has one number: of one tree, or the mean over trees. */
interface TreeRegressor extends Answering, Trees { readonly stage: 'tree_regressor' }
/** m = the sum of weight * leaf, scores [-m, m], p = 1 / (1 + e^2m), and 1 - p. */
interface GbtClassifier extends Classifying, Trees { readonly stage: 'gbt_classifier'; readonly weights: Float64Array }
/** The sum of weight * leaf. */
interface GbtRegressor extends Answering, Trees { readonly stage: 'gbt_regressor'; readonly weights: Float64Array }

/** Scores by class, probabilities are their softmax. `pi` [classes] and `theta` [classes, width] row-major are logarithms, but gaussian's theta are means and
    `sigma` variances. multinomial: pi + x·theta; complement: x·theta less its log-sum-exp, without pi; bernoulli: pi + the sum of theta where x is 1 and
    ln(1 - e^theta) where it is 0. Rows with features below 0 (multinomial, complement), or other than 0 and 1 (bernoulli), are rejected. */
interface NaiveBayes extends Classifying { readonly stage: 'naive_bayes'; readonly type: 'multinomial' | 'bernoulli' | 'gaussian' | 'complement'; readonly pi: Float64Array; readonly theta: Float64Array; readonly sigma?: Float64Array }
/** Layers of sigmoids, the last one the scores, probabilities are their softmax. `weights`: for each layer a matrix [out, in] column-major, then its biases. */
interface Mlp extends Classifying { readonly stage: 'mlp'; readonly layers: readonly number[]; readonly weights: Float64Array }

/** The nearest of the centers [k, width] row-major, the first of equal ones. cosine: 1 - x·c / |x| / |c|; a row of zeros is rejected. */
interface KMeans extends Answering { readonly stage: 'kmeans'; readonly centers: Float64Array; readonly width: number; readonly distance: Distance }
export type Distance = 'euclidean' | 'cosine'
/** From the root (node 0) to the nearer of two children, the first of equal ones. */
interface BisectingKMeans extends Answering { readonly stage: 'bisecting_kmeans'; readonly nodes: readonly BisectingNode[]; readonly width: number; readonly distance: Distance }
/** children: none in a leaf, whose answer is `index`. */
export interface BisectingNode { readonly center: Float64Array; readonly index: number; readonly children: readonly number[] }
/** Probabilities: 2.220446049250313e-16 + weight * density, over their sum; the prediction is the largest. `means` [k, width], `covariances` [k, width, width]. */
interface GaussianMixture extends Answering { readonly stage: 'gaussian_mixture'; readonly probability?: string; readonly weights: Float64Array; readonly means: Float64Array; readonly covariances: Float64Array }

/** One binary classifier a class; scores are the second score of each, the prediction is the largest. byProbability: the class of the largest probability (MLeap),
    which may be 1 of several. */
interface OneVsRest extends Omit<Classifying, 'probability' | 'thresholds'> { readonly stage: 'one_vs_rest'; readonly models: readonly BinaryClassifier[]; readonly byProbability?: boolean }
export type BinaryClassifier = BinaryLogistic | LinearSvc | TreeClassifier | GbtClassifier | NaiveBayes | Mlp | MultinomialLogistic | FactorizationClassifier
/** Between two boundaries (ascending) on the line between their predictions, outside of them that of the nearest. Of a vector the number `index`. */
interface Isotonic extends Answering { readonly stage: 'isotonic'; readonly boundaries: Float64Array; readonly predictions: Float64Array; readonly index: number }
/** r = b + x·w + the sum over factors f of ((sum of v[i, f] x[i])² - sum of (v[i, f] x[i])²) / 2. `factors` [width, size] row-major. */
interface Factorization { readonly weights: Float64Array; readonly intercept: number; readonly factors: Float64Array; readonly size: number }
interface FactorizationRegressor extends Answering, Factorization { readonly stage: 'fm_regressor' }
/** Scores [-r, r], p1 = 1 / (1 + e^-r), and 1 - p1. */
interface FactorizationClassifier extends Classifying, Factorization { readonly stage: 'fm_classifier' }

export type Classifier = BinaryClassifier | OneVsRest
export type ModelStage =
  | Classifier | LinearRegression | Glm | AftSurvival | TreeRegressor | GbtRegressor | KMeans | BisectingKMeans | GaussianMixture | Isotonic | FactorizationRegressor

/** The closed list. Not in it, so refused by name by the readers: texts (tokenizer, hashing_tf, idf, word2vec, feature_hasher), dct, sql_transformer, lda, als. */
export type Stage = FeatureStage | ModelStage
export type StageOf<S extends Stage['stage']> = Extract<Stage, { readonly stage: S }>
