"""Writes models/early-stopping/<library>-<version>-<kind>/: a model that was stopped early, rows, and what the library answers with the trees up
to the best iteration and with all of them. Run it once with each version of XGBoost and LightGBM that is to be tested; the files are committed.

    python make-early-stopping.py
"""
import csv, json, math, os, sys
import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'models', 'early-stopping')


def data(classes, seed=7, rows=400, width=6):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, width)).astype(np.float32)
    x[rng.random(x.shape) < 0.05] = np.nan
    signal = np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) * np.nan_to_num(x[:, 2]) + rng.normal(scale=1.5, size=rows)
    y = np.digitize(signal, np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]))
    return x, y


def table(path, names, rows):
    with open(path, 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow(names)
        for row in rows:
            w.writerow(['' if isinstance(v, float) and math.isnan(v) else repr(v) for v in (float(v) for v in row)])


def answers(folder, name, predict, raw, raw_name):
    columns, values = [], []
    for title, part in (('predict', predict), (raw_name, raw)):
        part = np.asarray(part, dtype=np.float64)
        if part.ndim == 1:
            columns.append(title)
            values.append(part[:, None])
        else:
            columns += [f'{title}_{k}' for k in range(part.shape[1])]
            values.append(part)
    table(os.path.join(folder, name), columns, np.concatenate(values, axis=1))


def folder(name, x, prefix='f'):
    path = os.path.join(HERE, name)
    os.makedirs(path, exist_ok=True)
    table(os.path.join(path, 'inputs.csv'), [f'{prefix}{i}' for i in range(x.shape[1])], x)
    return path


def with_xgboost():
    import xgboost as xgb
    kinds = {
        'binary': (2, {'objective': 'binary:logistic', 'eta': 0.3}),
        'classes-forest': (3, {'objective': 'multi:softprob', 'num_class': 3, 'num_parallel_tree': 2, 'subsample': 0.7, 'eta': 0.3, 'base_score': 0.4}),
        'dart': (2, {'objective': 'binary:logistic', 'booster': 'dart', 'rate_drop': 0.2, 'eta': 0.5}),
    }
    for kind, (classes, parameters) in kinds.items():
        x, y = data(classes)
        train, valid = xgb.DMatrix(x[:250], label=y[:250]), xgb.DMatrix(x[250:], label=y[250:])
        booster = xgb.train({**parameters, 'max_depth': 3, 'seed': 1, 'nthread': 1}, train, 60, evals=[(valid, 'valid')], early_stopping_rounds=5, verbose_eval=False)
        rows = x[:120]
        path = folder(f'xgboost-{xgb.__version__}-{kind}', rows)
        d = xgb.DMatrix(rows)
        best = (0, booster.best_iteration + 1)
        answers(path, 'expected-best.csv', booster.predict(d, iteration_range=best), booster.predict(d, iteration_range=best, output_margin=True), 'margin')
        answers(path, 'expected-all.csv', booster.predict(d), booster.predict(d, output_margin=True), 'margin')
        booster.save_model(os.path.join(path, 'model.json'))
        booster.save_model(os.path.join(path, 'model.ubj'))
        print(path, 'best iteration', booster.best_iteration, 'of', booster.num_boosted_rounds())


def with_lightgbm():
    import lightgbm as lgb
    x, y = data(3)
    x = x.astype(np.float64)
    train = lgb.Dataset(x[:250], label=y[:250])
    booster = lgb.train({'objective': 'multiclass', 'num_class': 3, 'num_leaves': 5, 'learning_rate': 0.3, 'verbose': -1, 'num_threads': 1, 'seed': 1}, train, 60,
                        valid_sets=[train.create_valid(x[250:], label=y[250:])], callbacks=[lgb.early_stopping(5, verbose=False)], keep_training_booster=True)
    rows = x[:120]
    path = folder(f'lightgbm-{lgb.__version__}-classes', rows, 'Column_')
    answers(path, 'expected-best.csv', booster.predict(rows), booster.predict(rows, raw_score=True), 'raw')
    answers(path, 'expected-all.csv', booster.predict(rows, num_iteration=-1), booster.predict(rows, num_iteration=-1, raw_score=True), 'raw')
    booster.save_model(os.path.join(path, 'model-best.txt'))              # what save_model does unless it is told otherwise
    booster.save_model(os.path.join(path, 'model-all.txt'), num_iteration=-1)
    print(path, 'best iteration', booster.best_iteration, 'of', booster.current_iteration())


for make in (with_xgboost, with_lightgbm):
    try:
        make()
    except ImportError as error:
        print(error, file=sys.stderr)
