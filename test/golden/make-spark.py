"""Models of Spark ML with its own answers, for the stages that the other golden models do not have. Needs Java 17 and:
    pip install pyspark==3.5.9 numpy==1.26.4 setuptools
    python make-spark.py models/spark
"""
import csv, json, math, os, shutil, sys
import numpy as np
from pyspark.ml import Pipeline
from pyspark.ml.classification import (DecisionTreeClassifier, FMClassifier, GBTClassifier, LinearSVC, LogisticRegression, MultilayerPerceptronClassifier, NaiveBayes, OneVsRest,
                                       RandomForestClassifier)
from pyspark.ml.clustering import BisectingKMeans, GaussianMixture
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import (Binarizer, Bucketizer, ChiSqSelector, ElementwiseProduct, Imputer, IndexToString, Interaction, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder, PCA,
                                PolynomialExpansion, QuantileDiscretizer, RobustScaler, StandardScaler, StringIndexer, VarianceThresholdSelector, VectorAssembler, VectorIndexer, VectorSlicer)
from pyspark.ml.linalg import Vectors
from pyspark.ml.regression import (AFTSurvivalRegression, DecisionTreeRegressor, FMRegressor, GBTRegressor, GeneralizedLinearRegression, IsotonicRegression, RandomForestRegressor)
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import SparkSession
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

target = sys.argv[1]
os.environ.setdefault('PYSPARK_PYTHON', sys.executable)
spark = SparkSession.builder.master('local[2]').config('spark.ui.enabled', 'false').config('spark.sql.shuffle.partitions', '2').config('spark.driver.memory', '1g').getOrCreate()
spark.sparkContext.setLogLevel('ERROR')
random = np.random.default_rng(7)
NAN = float('nan')
CITIES = ['Rome', 'Oslo', 'São Paulo', 'Kyoto', 'Lima', 'Accra', 'Perth', 'Turin', 'Quito']

def frame(rows, columns):
    schema = StructType([StructField(name, StringType() if kind == 'string' else DoubleType(), True) for name, kind in columns])
    return spark.createDataFrame([[row[name] for name, _ in columns] for row in rows], schema)

def rows_of(count, missing=False):
    rows = []
    for i in range(count):
        a, b, c, d = (float(x) for x in random.normal(size=4))
        city, kind = CITIES[int(random.integers(len(CITIES)))], ['x', 'y', 'z'][int(random.integers(3))]
        row = dict(a=round(a, 3), b=round(b * 10 + 3, 2), c=round(abs(c), 3), d=float(int(d * 2)), city=city, kind=kind)
        if i % 17 == 3: row.update(a=0.0, c=0.0, b=-0.0)
        if i % 23 == 5: row.update(a=1e6, b=-1e6)
        if i % 29 == 7: row.update(a=0.5, b=3.0)
        score = row['a'] + 0.1 * row['b'] + (2 if city in CITIES[::2] else -1) + (1 if kind == 'x' else 0)
        score = max(-8.0, min(8.0, score))
        row.update(y=round(score + float(random.normal()) * 0.3, 4), yes=1.0 if score > 0.5 else 0.0, three=['low', 'middle', 'high'][0 if score < 0 else 1 if score < 1.5 else 2])
        row.update(count=float(int(abs(score))), positive=round(math.exp(score / 4), 4), censor=float(i % 5 != 0))
        rows.append(row)
    return rows

NUMBERS = [('a', 'number'), ('b', 'number'), ('c', 'number'), ('d', 'number')]
WORDS = [('city', 'string'), ('kind', 'string')]
LABELS = [('y', 'number'), ('yes', 'number'), ('three', 'string'), ('count', 'number'), ('positive', 'number'), ('censor', 'number')]

def text(value):
    if value is None or isinstance(value, float) and math.isnan(value): return 'NaN' if value is not None else ''
    return str(value)

def save(name, stages, columns, outputs, train, rows, note='', tolerance=1e-12):
    """outputs: name of a column, or (name, width) of a vector."""
    training = frame(train, columns + [label for label in LABELS if label not in columns])
    model = Pipeline(stages=stages).fit(training) if isinstance(stages, list) else stages.fit(training)
    folder = os.path.join(target, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    model.write().overwrite().save('file://' + os.path.abspath(folder) + '/model')
    for part in ['estimator', 'evaluator']: shutil.rmtree(os.path.join(folder, 'model', part), ignore_errors=True)
    for path, _, files in os.walk(folder):
        for file in files:
            if file == '_SUCCESS' or file.endswith('.crc'): os.remove(os.path.join(path, file))
    answers = model.transform(frame(rows, columns)).collect()
    assert len(answers) == len(rows)
    with open(os.path.join(folder, 'inputs.csv'), 'w', newline='', encoding='utf-8') as file:
        out = csv.writer(file, lineterminator='\n')
        out.writerow([name for name, _ in columns])
        for row in rows: out.writerow(['' if row[name] is None or isinstance(row[name], float) and math.isnan(row[name]) else row[name] for name, _ in columns])
    with open(os.path.join(folder, 'expected.csv'), 'w', newline='', encoding='utf-8') as file:
        out = csv.writer(file, lineterminator='\n')
        out.writerow([name for output in outputs for name in ([output] if isinstance(output, str) else [f'{output[0]}_{i}' for i in range(output[1])])])
        for answer in answers:
            cells = []
            for output in outputs:
                if isinstance(output, str): cells.append(text(answer[output]))
                else: cells.extend(text(float(value)) for value in answer[output[0]].toArray())
                if not isinstance(output, str): assert len(answer[output[0]]) == output[1], (output, len(answer[output[0]]))
            out.writerow(cells)
    meta = dict(format='spark', origin=f'spark mllib {spark.version}', name=name, note=note, tolerance={'expected.csv': dict(rel=tolerance, abs=tolerance)}, rows=len(rows))
    with open(os.path.join(folder, 'meta.json'), 'w', encoding='utf-8') as file: json.dump(meta, file, indent=1)
    print(name, len(rows))

only = sys.argv[2:]
def wanted(name): return not only or name in only
assembler = VectorAssembler(inputCols=['a', 'b', 'c', 'd'], outputCol='features')
train, rows = rows_of(400), rows_of(60)

if wanted('scalers'):
    save('scalers', [
        assembler, StandardScaler(inputCol='features', outputCol='std'), StandardScaler(inputCol='features', outputCol='mean', withMean=True, withStd=False),
        MinMaxScaler(inputCol='features', outputCol='minmax', min=-1.0, max=3.0), MaxAbsScaler(inputCol='features', outputCol='maxabs'), RobustScaler(inputCol='features', outputCol='robust'),
        RobustScaler(inputCol='features', outputCol='centered', withCentering=True, lower=0.1, upper=0.8), Normalizer(inputCol='features', outputCol='l1', p=1.0),
        Normalizer(inputCol='features', outputCol='l2'), Normalizer(inputCol='features', outputCol='l3', p=3.0), Normalizer(inputCol='features', outputCol='linf', p=math.inf),
        VectorAssembler(inputCols=['c'], outputCol='one'), Binarizer(inputCol='std', outputCol='signs', threshold=0.0),
    ], NUMBERS, [(name, 1 if name == 'one' else 4) for name in ['mean', 'minmax', 'maxabs', 'robust', 'centered', 'l1', 'l2', 'l3', 'linf', 'one', 'signs']], train, rows)

if wanted('constant'):
    flat = [dict(row, c=2.5) for row in train]
    save('constant', [
        assembler, StandardScaler(inputCol='features', outputCol='std', withMean=True), MinMaxScaler(inputCol='features', outputCol='minmax'), RobustScaler(inputCol='features', outputCol='robust'),
    ], NUMBERS, [(name, 4) for name in ['std', 'minmax', 'robust']], flat, rows, 'a feature that is always the same in training')

if wanted('words'):
    holes = [dict(row, a=None if i % 5 == 0 else -1.0 if i % 7 == 0 else row['a'], b=NAN if i % 11 == 0 else row['b'], city=None if i % 13 == 0 else 'Mars' if i % 19 == 0 else row['city']) for i, row in enumerate(rows)]
    keep = VectorAssembler(inputCols=['a', 'city_hot', 'kind_hot', 'kind_all', 'a_full', 'b_full', 'b_bin', 'b_bucket', 'b_quantile'], outputCol='all', handleInvalid='keep')
    save('words', [
        StringIndexer(inputCols=['city', 'kind'], outputCols=['city_i', 'kind_i'], handleInvalid='keep'), OneHotEncoder(inputCols=['city_i'], outputCols=['city_hot'], handleInvalid='keep', dropLast=False),
        OneHotEncoder(inputCols=['kind_i'], outputCols=['kind_hot']), OneHotEncoder(inputCols=['kind_i'], outputCols=['kind_all'], dropLast=False),
        Imputer(inputCols=['a'], outputCols=['a_full'], strategy='median', missingValue=-1.0), Imputer(inputCol='b', outputCol='b_full'), Binarizer(inputCol='b_full', outputCol='b_bin', threshold=3.0),
        Bucketizer(splits=[-math.inf, -1.0, 0.0, 3.0, math.inf], inputCol='b', outputCol='b_bucket', handleInvalid='keep'),
        QuantileDiscretizer(inputCol='b_full', outputCol='b_quantile', numBuckets=5), IndexToString(inputCol='city_i', outputCol='city_back'),
        StringIndexer(inputCol='b_bucket', outputCol='bucket_i', handleInvalid='keep'), StringIndexer(inputCol='d', outputCol='d_i', handleInvalid='keep'), keep,
    ], [('a', 'number'), ('b', 'number'), ('d', 'number')] + WORDS, ['city_back', 'bucket_i', 'd_i', ('all', 24)], train, holes, 'missing cells: null, and NaN in b')

if wanted('vectors'):
    save('vectors', [
        StringIndexer(inputCols=['city', 'kind'], outputCols=['city_i', 'kind_i']), VectorAssembler(inputCols=['a', 'city_i', 'd', 'kind_i'], outputCol='mixed'), assembler,
        PCA(inputCol='features', outputCol='pca', k=2), PolynomialExpansion(inputCol='features', outputCol='poly2', degree=2), PolynomialExpansion(inputCol='features', outputCol='poly3', degree=3),
        Interaction(inputCols=['kind_i', 'features', 'c'], outputCol='crossed'), ElementwiseProduct(inputCol='features', outputCol='scaled', scalingVec=Vectors.dense([2.0, 0.1, -1.0, 0.0])),
        VectorSlicer(inputCol='features', outputCol='sliced', indices=[2, 0], names=['d']), VectorIndexer(inputCol='mixed', outputCol='indexed', maxCategories=12, handleInvalid='keep'),
        VarianceThresholdSelector(featuresCol='features', outputCol='varied', varianceThreshold=0.5), ChiSqSelector(featuresCol='indexed', outputCol='chi', labelCol='yes', numTopFeatures=2),
    ], NUMBERS + WORDS, [('pca', 2), ('poly2', 14), ('poly3', 34), ('crossed', 12), ('scaled', 4), ('sliced', 3), ('varied', 3), ('chi', 2)], train, [dict(row, a=row['a'] if row['a'] < 1e5 else 7.0, b=row['b'] if row['b'] > -1e5 else -9.0) for row in rows])

if wanted('glm'):
    def g(name, label, **more): return GeneralizedLinearRegression(featuresCol='small', predictionCol=name, labelCol=label, maxIter=10, regParam=0.01, **more)
    fit = [dict(row, a=max(-3.0, min(3.0, row['a'])), b=max(-30.0, min(30.0, row['b']))) for row in train]
    save('glm', [
        VectorAssembler(inputCols=['a', 'b', 'c'], outputCol='features'), ElementwiseProduct(inputCol='features', outputCol='small', scalingVec=Vectors.dense([1.0, 0.1, 1.0])),
        g('gaussian', 'y', family='gaussian', link='identity'), g('gaussian_log', 'positive', family='gaussian', link='log'), g('binomial', 'yes', family='binomial'),
        g('probit', 'yes', family='binomial', link='probit'), g('cloglog', 'yes', family='binomial', link='cloglog'), g('poisson', 'count', family='poisson'),
        g('poisson_sqrt', 'count', family='poisson', link='sqrt'), g('gamma', 'positive', family='gamma', link='log'), g('gamma_inverse', 'positive', family='gamma'),
        g('tweedie', 'positive', family='tweedie', variancePower=1.5, linkPower=0.0), g('tweedie_power', 'positive', family='tweedie', variancePower=1.5),
        g('prediction', 'count', family='poisson', link='log', offsetCol='d', linkPredictionCol='eta'),
    ], NUMBERS, ['prediction', 'gaussian', 'gaussian_log', 'binomial', 'probit', 'cloglog', 'poisson', 'poisson_sqrt', 'gamma', 'gamma_inverse', 'tweedie', 'tweedie_power', 'eta'], fit,
        [dict(row, b=row['b'] if abs(row['b']) < 1e5 else 1e3) for row in rows])

if wanted('survival'):
    fit = [dict(row, a=max(-3.0, min(3.0, row['a'])), b=max(-30.0, min(30.0, row['b']))) for row in train]
    save('survival', [
        VectorAssembler(inputCols=['a', 'c'], outputCol='features'), IsotonicRegression(featuresCol='c', labelCol='y', predictionCol='iso'),
        IsotonicRegression(featuresCol='features', featureIndex=1, isotonic=False, labelCol='y', predictionCol='falling'), FMRegressor(labelCol='y', predictionCol='fm', factorSize=3, maxIter=20, seed=3),
        AFTSurvivalRegression(labelCol='positive', censorCol='censor', quantilesCol='quantiles', quantileProbabilities=[0.1, 0.5, 0.9]),
    ], [('a', 'number'), ('c', 'number')], ['iso', 'falling', 'fm', 'prediction', ('quantiles', 3)], fit, [dict(row, a=row['a'] if row['a'] < 1e5 else 100.0) for row in rows])

if wanted('trees'):
    shared = dict(featuresCol='features', maxDepth=4, maxBins=16)
    save('trees', [
        StringIndexer(inputCols=['city', 'kind'], outputCols=['city_i', 'kind_i'], handleInvalid='keep'), VectorAssembler(inputCols=['city_i', 'a', 'kind_i', 'b'], outputCol='features', handleInvalid='keep'),
        DecisionTreeRegressor(labelCol='y', predictionCol='tree', **shared), RandomForestRegressor(labelCol='y', predictionCol='forest', numTrees=5, seed=1, **shared),
        GBTRegressor(labelCol='y', predictionCol='boosted', maxIter=4, seed=1, **shared), StringIndexer(inputCol='three', outputCol='label'),
        RandomForestClassifier(numTrees=5, seed=2, **shared).setThresholds([0.2, 0.5, 0.3]), IndexToString(inputCol='prediction', outputCol='said', labels=['one', 'two', 'three']),
    ], [('a', 'number'), ('b', 'number')] + WORDS, ['prediction', ('probability', 3), ('rawPrediction', 3), 'said', 'tree', 'forest', 'boosted'],
        train, [dict(row, a=NAN if i % 9 == 0 else row['a'], city='Mars' if i % 10 == 0 else row['city']) for i, row in enumerate(rows)], 'missing numbers go right, unknown words are in no set')

if wanted('categories'):
    save('categories', [
        VectorAssembler(inputCols=['d', 'count'], outputCol='raw'), VectorIndexer(inputCol='raw', outputCol='features', maxCategories=20, handleInvalid='keep'),
        GBTClassifier(labelCol='yes', maxIter=5, maxDepth=3, seed=1),
    ], [('d', 'number'), ('count', 'number')], ['prediction', ('probability', 2), ('rawPrediction', 2)], [row for row in train], [dict(row, d=row['d'] + (0.5 if i % 6 == 0 else 0)) for i, row in enumerate(rows)])

if wanted('classes'):
    index = StringIndexer(inputCol='three', outputCol='label')
    save('labels', [index, assembler, StandardScaler(inputCol='features', outputCol='scaled'), MultilayerPerceptronClassifier(featuresCol='scaled', layers=[4, 5, 3], seed=1, maxIter=30)],
         NUMBERS, ['prediction', ('probability', 3), ('rawPrediction', 3)], train, rows, 'the words of the classes are those of the indexer of the label')
    save('one-vs-rest', [index, assembler, StandardScaler(inputCol='features', outputCol='scaled'), OneVsRest(featuresCol='scaled', classifier=LogisticRegression(maxIter=10, regParam=0.01))],
         NUMBERS, ['prediction', ('rawPrediction', 3)], train, rows)
    save('one-vs-rest-svc', [index, assembler, OneVsRest(featuresCol='features', classifier=LinearSVC(maxIter=5, regParam=0.1))], NUMBERS, ['prediction', ('rawPrediction', 3)], train, rows)
    save('fm', [assembler, StandardScaler(inputCol='features', outputCol='scaled', withMean=True), FMClassifier(featuresCol='scaled', labelCol='yes', factorSize=2, maxIter=20, seed=5, stepSize=0.1)],
         NUMBERS, ['prediction', ('probability', 2), ('rawPrediction', 2)], train, rows)
    def b(name, **more): return LogisticRegression(labelCol='yes', predictionCol=name, probabilityCol='p_' + name, rawPredictionCol='r_' + name, maxIter=10, regParam=0.05, **more)
    save('thresholds', [
        assembler, b('plain'), b('high', threshold=0.8), b('two', thresholds=[0.3, 0.7]), b('l1', elasticNetParam=1.0), b('multinomial', family='multinomial', thresholds=[0.4, 0.6]),
        LinearSVC(labelCol='yes', predictionCol='svc', rawPredictionCol='r_svc', threshold=0.5, maxIter=5), LogisticRegression(labelCol='yes', threshold=0.6, maxIter=5).setRawPredictionCol(''),
        DecisionTreeClassifier(labelCol='yes', predictionCol='prediction2', maxDepth=3).setProbabilityCol('').setRawPredictionCol(''),
    ], NUMBERS, ['prediction2'] + ['plain', ('p_plain', 2), ('r_plain', 2), 'high', ('p_high', 2), ('r_high', 2), 'two', ('p_two', 2), ('r_two', 2), 'l1', ('p_l1', 2), ('r_l1', 2), 'multinomial', ('p_multinomial', 2), ('r_multinomial', 2), 'svc', ('r_svc', 2), 'prediction', ('probability', 2)],
        train, rows)
    ones = [dict(row, a=float(row['a'] > 0), b=float(row['b'] > 3), c=float(row['c'] > 0.5), d=float(row['d'] > 0)) for row in train + rows]
    def n(name, kind, features='features'): return NaiveBayes(labelCol='label', featuresCol=features, modelType=kind, predictionCol=name, probabilityCol='p_' + name, rawPredictionCol='r_' + name)
    save('bayes', [index, assembler, n('bernoulli', 'bernoulli'), n('multinomial', 'multinomial'), n('complement', 'complement')], NUMBERS,
         ['complement', ('p_complement', 3), ('r_complement', 3), 'bernoulli', ('p_bernoulli', 3), ('r_bernoulli', 3), 'multinomial', ('p_multinomial', 3), ('r_multinomial', 3)], ones[:400], ones[400:])

if wanted('clusters'):
    spark.conf.set('spark.sql.parquet.compression.codec', 'gzip')
    near = [dict(row, a=row['a'] if abs(row['a']) < 1e5 else 4.0, b=row['b'] if abs(row['b']) < 1e5 else 20.0, c=row['c'] or 0.25) for row in train + rows]
    save('bisecting', [VectorAssembler(inputCols=['a', 'b', 'c'], outputCol='features'), BisectingKMeans(k=5, seed=1, predictionCol='cosine', distanceMeasure='cosine'), BisectingKMeans(k=6, seed=2)],
         NUMBERS[:3], ['prediction', 'cosine'], near[:400], near[400:])
    save('mixture', [VectorAssembler(inputCols=['a', 'b', 'c'], outputCol='features'), GaussianMixture(k=3, seed=1)], NUMBERS[:3], ['prediction', ('probability', 3)], near[:400], near[400:], tolerance=1e-11)

if wanted('search'):
    spark.conf.set('spark.sql.parquet.compression.codec', 'none')
    tree = DecisionTreeClassifier(labelCol='yes')
    search = CrossValidator(estimator=Pipeline(stages=[assembler, tree]), estimatorParamMaps=ParamGridBuilder().addGrid(tree.maxDepth, [2, 4]).build(), evaluator=MulticlassClassificationEvaluator(labelCol='yes'), numFolds=2, seed=1)
    save('search', search, NUMBERS, ['prediction', ('probability', 2), ('rawPrediction', 2)], train, rows, 'the best model of a CrossValidator')
