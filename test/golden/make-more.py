"""Writes models/more/<library>-<version>-<name>/: small models of objectives and boosters that the big set does not have, with the library's answers.
Run it with each version that is to be tested; the files are committed.

    python make-more.py
"""
import csv, math, os, sys
import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'models', 'more')
ROWS = 100


def data(seed=3, rows=300, width=5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, width)).astype(np.float32)
    x[:, 3] = rng.integers(0, 6, size=rows)
    x[rng.random(x.shape) < 0.05] = np.nan
    z = np.nan_to_num(x)
    signal = z[:, 0] + z[:, 1] * z[:, 2] + 0.3 * z[:, 3] + rng.normal(scale=0.5, size=rows)
    return x, signal


def text(v):
    if isinstance(v, str):
        return v
    if isinstance(v, (bool, np.bool_)):
        return 'true' if v else 'false'
    v = float(v)
    return '' if math.isnan(v) else repr(v)


def table(path, names, rows):
    with open(path, 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow(names)
        for row in rows:
            w.writerow([text(v) for v in row])


def save(name, names, rows, predict, raw, raw_name):
    path = os.path.join(HERE, name)
    os.makedirs(path, exist_ok=True)
    table(os.path.join(path, 'inputs.csv'), names, rows)
    columns, values = [], []
    for title, part in (('predict', predict), (raw_name, raw)):
        part = np.asarray(part, dtype=np.float64)
        if part.ndim == 1:
            columns.append(title)
            values.append(part[:, None])
        else:
            columns += [f'{title}_{k}' for k in range(part.shape[1])]
            values.append(part)
    table(os.path.join(path, 'expected.csv'), columns, np.concatenate(values, axis=1))
    print(name)
    return path


def with_xgboost():
    import xgboost as xgb
    x, signal = data()
    binary, positive = (signal > 0).astype(float), np.exp(signal / 4)
    classes, counts = np.digitize(signal, [-0.5, 0.8]), np.round(positive * 2)
    two = np.stack([signal, -signal + np.nan_to_num(x[:, 1])], axis=1)
    groups = [30] * 10
    kinds = {
        'logitraw': (binary, {'objective': 'binary:logitraw'}),
        'logistic-regression': (1 / (1 + np.exp(-signal)), {'objective': 'reg:logistic', 'base_score': 0.2}),
        'squaredlog': (positive, {'objective': 'reg:squaredlogerror'}),
        'pseudohuber': (signal, {'objective': 'reg:pseudohubererror'}),
        'tweedie': (counts, {'objective': 'reg:tweedie'}),
        'cox': (positive, {'objective': 'survival:cox'}),
        'aft': (positive, {'objective': 'survival:aft'}),
        'pairwise': (np.clip(classes, 0, 2), {'objective': 'rank:pairwise'}),
        'map': (binary, {'objective': 'rank:map'}),
        'linear-classes': (classes, {'objective': 'multi:softprob', 'num_class': 3, 'booster': 'gblinear', 'base_score': 0.7}),
        'dart-classes': (classes, {'objective': 'multi:softmax', 'num_class': 3, 'booster': 'dart', 'rate_drop': 0.3}),
        'labels': (np.stack([binary, (classes == 1).astype(float)], axis=1), {'objective': 'binary:logistic'}),
        'vector-leaf': (two, {'objective': 'reg:squarederror', 'multi_strategy': 'multi_output_tree'}),
        'missing-right': (binary, {'objective': 'binary:logistic', 'max_depth': 6}),
    }
    for kind, (y, parameters) in kinds.items():
        d = xgb.DMatrix(x, label=y)
        if parameters['objective'].startswith('rank'):
            d.set_group(groups)
        if kind == 'aft':
            d = xgb.DMatrix(x)
            d.set_float_info('label_lower_bound', y)
            d.set_float_info('label_upper_bound', y)
        try:
            booster = xgb.train({'max_depth': 3, 'seed': 1, 'nthread': 1, 'eta': 0.4, **parameters}, d, 8)
        except Exception as error:
            print(kind, 'not made:', str(error)[:80], file=sys.stderr)
            continue
        rows = xgb.DMatrix(x[:ROWS])
        path = save(f'xgboost-{xgb.__version__}-{kind}', [f'f{i}' for i in range(x.shape[1])], x[:ROWS], booster.predict(rows), booster.predict(rows, output_margin=True), 'margin')
        booster.save_model(os.path.join(path, 'model.json'))
        booster.save_model(os.path.join(path, 'model.ubj'))
    if hasattr(xgb, 'DMatrix') and xgb.__version__ >= '3.1':
        import pandas as pd
        frame = pd.DataFrame({'number': x[:, 0], 'code': pd.Categorical(np.nan_to_num(x[:, 3]).astype(int) * 10 - 20), 'word': pd.Categorical(np.array(['é', 'b', 'ccc', 'ÿÿ', 'e', 'f'])[np.nan_to_num(x[:, 3]).astype(int)])})
        d = xgb.DMatrix(frame, label=binary, enable_categorical=True)
        booster = xgb.train({'max_depth': 4, 'seed': 1, 'nthread': 1, 'objective': 'binary:logistic', 'max_cat_to_onehot': 1}, d, 8)
        rows = xgb.DMatrix(frame[:ROWS], enable_categorical=True)
        path = save(f'xgboost-{xgb.__version__}-data-frame', list(frame.columns), frame[:ROWS].astype(object).values, booster.predict(rows), booster.predict(rows, output_margin=True), 'margin')
        booster.save_model(os.path.join(path, 'model.json'))
        booster.save_model(os.path.join(path, 'model.ubj'))


def with_lightgbm():
    import lightgbm as lgb
    import pandas as pd
    x, signal = data()
    x = x.astype(np.float64)
    x[::7, 0] = 1e-36    # LightGBM reads what is so small as 0
    x[3::7, 0] = -1.0000000180025095e-35
    binary, positive, classes = (signal > 0).astype(float), np.exp(signal / 4), np.digitize(signal, [-0.5, 0.8])
    base = {'verbose': -1, 'num_threads': 1, 'seed': 1, 'num_leaves': 7, 'min_data_in_leaf': 5, 'learning_rate': 0.3, 'deterministic': True}
    kinds = {
        'huber': (signal, {'objective': 'huber'}), 'fair': (signal, {'objective': 'fair'}), 'quantile': (signal, {'objective': 'quantile', 'alpha': 0.7}),
        'mape': (positive, {'objective': 'mape'}), 'gamma': (positive, {'objective': 'gamma'}), 'tweedie': (positive, {'objective': 'tweedie'}),
        'xentlambda': (binary, {'objective': 'cross_entropy_lambda'}), 'xendcg': (classes, {'objective': 'rank_xendcg'}),
        'dart': (binary, {'objective': 'binary', 'boosting': 'dart'}), 'goss': (signal, {'objective': 'regression', 'boosting': 'goss'}),
        'l1-sqrt': (positive, {'objective': 'regression_l1', 'reg_sqrt': True}),
        'linear': (signal, {'objective': 'regression', 'linear_tree': True}),
        'zero-missing': (signal, {'objective': 'regression', 'zero_as_missing': True}),
        'rf-classes': (classes, {'objective': 'multiclass', 'num_class': 3, 'boosting': 'rf', 'bagging_fraction': 0.6, 'bagging_freq': 1}),
        'no-missing': (binary, {'objective': 'binary', 'use_missing': False}),
        'stumps': (signal * 0, {'objective': 'regression'}),
    }
    for kind, (y, parameters) in kinds.items():
        group = [30] * 10 if 'xendcg' in kind else None
        booster = lgb.train({**base, **parameters}, lgb.Dataset(x, label=y, group=group), 8)
        path = save(f'lightgbm-{lgb.__version__}-{kind}', booster.feature_name(), x[:ROWS], booster.predict(x[:ROWS]), booster.predict(x[:ROWS], raw_score=True), 'raw')
        booster.save_model(os.path.join(path, 'model.txt'))

    code = np.nan_to_num(x[:, 3]).astype(int)
    frame = pd.DataFrame({
        'number': x[:, 1], 'tens': pd.Categorical(code * 10), 'half': pd.Categorical(code / 2), 'flag': pd.Categorical(code % 2 == 1),
        'word': pd.Categorical(np.array(['é', 'b b', 'c,c', 'd"d', 'e', ''])[code]), 'constant': pd.Categorical(['same'] * len(code)),
    })
    booster = lgb.train({**base, 'objective': 'binary', 'min_data_per_group': 5, 'cat_smooth': 1, 'max_cat_to_onehot': 2}, lgb.Dataset(frame, label=binary), 12)
    test = frame[:ROWS].astype(object)
    test.loc[0, 'tens'], test.loc[1, 'word'], test.loc[2, 'half'] = 777, 'unseen', float('nan')
    typed = pd.DataFrame({name: test[name].astype(frame[name].dtype if name == 'number' else 'category') for name in frame.columns})
    path = save(f'lightgbm-{lgb.__version__}-data-frame', list(frame.columns), test.values, booster.predict(typed), booster.predict(typed, raw_score=True), 'raw')
    booster.save_model(os.path.join(path, 'model.txt'))


for make in (with_xgboost, with_lightgbm):
    try:
        make()
    except ImportError as error:
        print(error, file=sys.stderr)
