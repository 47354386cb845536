"""Writes models/catboost/<name>/: small models of the losses, trees, rules for NaN and categories that the data sets do not need, with CatBoost's answers.

    pip install catboost==1.2.10 pandas pyarrow scikit-learn && python make-catboost.py
"""
import csv, json, math, os
import numpy as np
import pandas as pd
import catboost
from catboost import CatBoostClassifier, CatBoostRanker, CatBoostRegressor, Pool, sum_models

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'models', 'catboost')
COMMON = dict(iterations=8, depth=3, random_seed=1, thread_count=1, verbose=0, allow_writing_files=False)
NAMES = ['a', 'b', 'c', 'd', 'e']
rng = np.random.default_rng(5)
X = rng.normal(size=(400, 5)).astype(np.float32)
X[:, 3] = rng.integers(0, 6, size=400)
SIGNAL = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * X[:, 3] + rng.normal(scale=0.3, size=400)
HOLES = np.where(rng.random(X.shape) < 0.1, np.nan, X).astype(np.float32)


def text(v):
    if isinstance(v, str):
        return v
    if isinstance(v, (bool, np.bool_)):
        return 'true' if v else 'false'
    if isinstance(v, (int, np.integer)):
        return str(v)
    v = float(v)
    return '' if math.isnan(v) else ('Infinity' if v > 0 else '-Infinity') if math.isinf(v) else repr(v)


def table(path, names, rows):
    with open(path, 'w', newline='', encoding='utf-8') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow(names)
        w.writerows([[text(v) for v in row] for row in rows])


def rows_for(model, path, x):
    """Some of the data, then each border of the model, exactly and one step beside, and extremes."""
    with open(path, encoding='utf-8') as f:
        features = json.load(f)['features_info']['float_features']
    rows = x[:60].copy()
    more = []
    for feature in features:
        at = feature['flat_feature_index']
        for border in feature['borders'][:6]:
            border = np.float32(border)
            for value in (border, np.nextafter(border, np.float32(-np.inf)), np.nextafter(border, np.float32(np.inf))):
                row = rows[len(more) % 60].copy()
                row[at] = value
                more.append(row)
    for value in (np.nan, np.inf, -np.inf, 0, -0.0, 1e6, -1e6, 1e-12, 3.4e38, -3.4e38):
        more.append(np.full(x.shape[1], value, dtype=np.float32))
        row = rows[0].copy()
        row[len(more) % x.shape[1]] = value
        more.append(row)
    return np.concatenate([rows, np.array(more, dtype=np.float32)])


def save(name, model, inputs, names=NAMES, kind='value', pool=None):
    path = os.path.join(HERE, name)
    os.makedirs(path, exist_ok=True)
    file = os.path.join(path, 'model.json')
    model.save_model(file, format='json', pool=pool)
    with open(file, encoding='utf-8') as f:
        document = json.load(f)
    # what is said of the training is most of the file, and nothing of the answers
    info = document['model_info']
    for key in list(info):
        if key.endswith(('output_options', 'training', 'train_finish_time', 'model_guid')):
            del info[key]
        elif key.endswith('params') and isinstance(info[key], dict) and 'loss_function' in info[key]:
            info[key] = {'loss_function': info[key]['loss_function']}
    with open(file, 'w', encoding='utf-8') as f:
        json.dump(document, f, ensure_ascii=False, separators=(',', ':'))
    rows = inputs if not callable(inputs) else inputs(file)
    values = rows.values.tolist() if isinstance(rows, pd.DataFrame) else rows
    columns, parts = [], []

    def add(title, part):
        part = np.asarray(part)
        part = part[:, 0] if part.ndim == 2 and title == 'label' and kind != 'labels' else part
        columns.extend([title] if part.ndim == 1 else [f'{title}_{k}' for k in range(part.shape[1])])
        parts.append(part.reshape(len(part), -1).tolist())

    add('raw', catboost.CatBoost.predict(model, rows, prediction_type='RawFormulaVal'))
    if kind == 'value':
        add('value', model.predict(rows))
    else:
        add('label', model.predict(rows, prediction_type='Class'))
        proba = model.predict_proba(rows)
        parts.append(proba.tolist())
        columns += [f'p_{text(c) if kind == "class" else k}' for k, c in enumerate(model.classes_ if kind == 'class' and len(model.classes_) else range(proba.shape[1]))]
    table(os.path.join(path, 'inputs.csv'), names, values)
    table(os.path.join(path, 'expected.csv'), columns, [sum((part[i] for part in parts), []) for i in range(len(values))])
    with open(os.path.join(path, 'meta.json'), 'w', encoding='utf-8') as f:
        json.dump({'origin': f'catboost {catboost.__version__}', 'tolerance': {'expected.csv': {'rel': 1e-12, 'abs': 1e-12}}}, f)
    print(name, os.path.getsize(file), len(values))


def frame(x, **more):
    return pd.DataFrame(x, columns=NAMES).assign(**more)


def regressors():
    x = frame(X)
    for name, params in {
        'depthwise': dict(grow_policy='Depthwise', depth=4), 'lossguide': dict(grow_policy='Lossguide', max_leaves=9, depth=6), 'quantile': dict(loss_function='Quantile:alpha=0.8'),
        'mae-stumps': dict(loss_function='MAE', depth=1), 'constant': dict(depth=0, iterations=2), 'deep': dict(depth=9, iterations=2),
        'huber': dict(loss_function='Huber:delta=0.7'),
    }.items():
        model = CatBoostRegressor(**{**COMMON, **params}).fit(x, SIGNAL)
        save(name, model, lambda file, model=model: rows_for(model, file, X))
    counts = np.maximum(0, np.round(SIGNAL))
    for name, loss in {'poisson': 'Poisson', 'tweedie': 'Tweedie:variance_power=1.4'}.items():
        model = CatBoostRegressor(loss_function=loss, **COMMON).fit(x, counts)
        save(name, model, lambda file, model=model: rows_for(model, file, X))
    for mode in 'Min', 'Max':
        model = CatBoostRegressor(nan_mode=mode, **COMMON).fit(frame(HOLES), SIGNAL)
        save(f'nan-{mode.lower()}', model, lambda file, model=model: rows_for(model, file, HOLES))
    model = CatBoostRegressor(nan_mode='Max', grow_policy='Depthwise', **COMMON).fit(frame(HOLES), SIGNAL)
    save('nan-max-depthwise', model, lambda file, model=model: rows_for(model, file, HOLES))
    targets = np.stack([SIGNAL, X[:, 1] - X[:, 2], X[:, 4] ** 2], axis=1)
    for name, params, y in [('targets', dict(loss_function='MultiRMSE'), targets), ('uncertainty', dict(loss_function='RMSEWithUncertainty'), SIGNAL), ('quantiles', dict(loss_function='MultiQuantile:alpha=0.1,0.5,0.9'), SIGNAL)]:
        model = CatBoostRegressor(**COMMON, **params).fit(x, y)
        save(name, model, lambda file, model=model: rows_for(model, file, X))
    model = CatBoostRegressor(**COMMON).fit(X, SIGNAL)
    model.set_scale_and_bias(0.7, -1.3)
    save('scaled-unnamed', model, lambda file, model=model: rows_for(model, file, X), names=[f'features_{i}' for i in range(5)])
    # a table whose columns the model does not know by name, in an order that is not the alphabet's
    pd.DataFrame(X[:60], columns=['z', '10', '9', 'a b', 'x.y']).to_parquet(os.path.join(HERE, 'scaled-unnamed', 'rows.parquet'), compression='snappy')
    other = CatBoostRegressor(**{**COMMON, 'random_seed': 2}).fit(X, SIGNAL)
    both = sum_models([model, other], weights=[0.3, 0.7])
    save('summed', both, lambda file: rows_for(both, file, X), names=[f'features_{i}' for i in range(5)])
    ranker = CatBoostRanker(loss_function='YetiRank', **COMMON).fit(x, np.clip(np.round(SIGNAL), 0, 4), group_id=np.arange(400) // 10)
    save('yetirank', ranker, lambda file: rows_for(ranker, file, X))


def classifiers():
    x, two = frame(X), SIGNAL > 0.5
    three = np.where(SIGNAL > 1, 'high', np.where(SIGNAL < 0, 'low, or none', 'middle'))
    for name, params, y in [
        ('classes-words', dict(), np.where(two, 'yes', 'no')), ('classes-numbers', dict(), np.where(two, 7, 3)), ('classes-fractions', dict(), np.where(two, 2.5, 1.5)),
        ('classes-truth', dict(), two), ('crossentropy', dict(loss_function='CrossEntropy'), np.clip(SIGNAL / 4 + 0.5, 0, 1)),
        ('focal', dict(loss_function='Focal:focal_alpha=0.3;focal_gamma=2'), two.astype(int)),
        ('multi-words', dict(loss_function='MultiClass'), three), ('multi-depthwise', dict(loss_function='MultiClass', grow_policy='Depthwise'), three),
        ('multi-given', dict(loss_function='MultiClass', class_names=['middle', 'low, or none', 'high']), three),
        ('multi-gaps', dict(loss_function='MultiClass', classes_count=5), np.where(SIGNAL > 1, 4, np.where(SIGNAL < 0, 0, 2))), ('one-against-all', dict(loss_function='MultiClassOneVsAll'), three),
    ]:
        model = CatBoostClassifier(**COMMON, **params).fit(x, y)
        save(name, model, lambda file, model=model: rows_for(model, file, X), kind='class')
    model = CatBoostClassifier(**COMMON).fit(x, two.astype(int))
    model.set_probability_threshold(0.3)
    save('threshold', model, lambda file: rows_for(model, file, X), kind='class')
    labels = CatBoostClassifier(loss_function='MultiLogloss', **COMMON).fit(x, np.stack([two, X[:, 1] > 0, X[:, 4] > 0.5], axis=1).astype(int))
    save('multi-label', labels, lambda file: rows_for(labels, file, X), kind='labels')


def categories():
    word = np.array(['rain', 'Schnee', 'été, chaud', '東京', '3', ' '])[rng.integers(0, 6, size=400)]
    number = rng.integers(-2, 9, size=400)
    truth = X[:, 4] > 0
    x = pd.DataFrame({'word': word, 'a': X[:, 0], 'number': number, 'truth': truth, 'unused': 'same', 'b': X[:, 1]})
    y = X[:, 0] + np.where(np.isin(word, ['rain', '東京', '3']), 1.5, 0) + np.where(np.isin(number, [-1, 4, 5]), 1, 0) * np.where(truth, 1, -2) + rng.normal(scale=0.2, size=400)
    kinds = ['word', 'number', 'truth', 'unused']
    rows = x[:100].copy().reset_index(drop=True)
    extra = rows[:30].copy()
    extra['word'] = ['never seen', 'RAIN', '3', 'rain ', '', '03'] * 5
    extra['number'] = [99, -3, 0, 4, 2147483647, 5] * 5
    rows = pd.concat([rows, extra[extra['word'] != '']], ignore_index=True)
    for name, params in {'onehot-kinds': dict(), 'onehot-depthwise': dict(grow_policy='Depthwise')}.items():
        model = CatBoostRegressor(one_hot_max_size=50, **{**COMMON, 'iterations': 16, 'depth': 4}, **params).fit(x, y, cat_features=kinds)
        save(name, model, rows, names=list(x.columns), pool=Pool(x, cat_features=kinds))
    two = CatBoostClassifier(one_hot_max_size=50, **COMMON).fit(x, (y > 0.5).astype(int), cat_features=kinds)
    save('onehot-classes', two, rows, names=list(x.columns), kind='class', pool=Pool(x, cat_features=kinds))


regressors()
classifiers()
categories()
