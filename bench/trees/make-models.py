#!/usr/bin/env python3
"""Three ensembles as they are used, trained on 20,000 made-up rows, each in its own file and as ONNX, with 4,096 rows and what the library itself answers:
make-models.py OUTDIR (pins: requirements.txt)"""
import json, os, sys
import lightgbm as lgb
import numpy as np
import xgboost as xgb
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
rng = np.random.default_rng(5)


def rows(n, width):
    x = rng.standard_normal((n, width))
    x[:, ::5] = rng.exponential(2, (n, len(range(0, width, 5))))
    x[:, 1::5] = rng.integers(0, 100, (n, len(range(1, width, 5))))
    return x.astype(np.float32)


def target(x):
    score = x[:, 0] * 0.7 + np.sin(x[:, 2] * 2) + x[:, 3] * x[:, 4] + 0.02 * x[:, 1] + 0.5 * (x[:, 7] > 0) + rng.standard_normal(len(x))
    return (score > np.median(score)).astype(int)


def write(name, x, answers, onnx):
    x.tofile(f"{out}/{name}.rows")
    np.asarray(answers, dtype=np.float64).tofile(f"{out}/{name}.answers")
    open(f"{out}/{name}.onnx", "wb").write(onnx.SerializeToString())


x = rows(20000, 30); y = target(x); test = rows(4096, 30)
forest = RandomForestClassifier(n_estimators=100, max_depth=8, random_state=1, n_jobs=2).fit(x, y)
trees = [{"feature": t.feature.tolist(), "threshold": t.threshold.tolist(), "left": t.children_left.tolist(), "right": t.children_right.tolist(),
          "value": (t.value[:, 0, 1] / t.value[:, 0, :].sum(1)).tolist()} for t in (e.tree_ for e in forest.estimators_)]
json.dump(trees, open(f"{out}/rf.json", "w"))
forest.n_jobs = 1
write("rf", test, forest.predict_proba(test)[:, 1], to_onnx(forest, x[:1], options={id(forest): {"zipmap": False}}, target_opset=17))

x = rows(20000, 50); y = target(x); test = rows(4096, 50)
booster = xgb.XGBClassifier(n_estimators=500, max_depth=6, learning_rate=0.05, tree_method="hist", n_jobs=2, random_state=1).fit(x, y)
booster.save_model(f"{out}/xgb.model.json")
write("xgb", test, booster.get_booster().predict(xgb.DMatrix(test), output_margin=True), convert_xgboost(booster, initial_types=[("x", FloatTensorType([None, 50]))]))

machine = lgb.LGBMClassifier(n_estimators=1000, num_leaves=31, learning_rate=0.03, n_jobs=2, random_state=1, verbose=-1).fit(x, y)
machine.booster_.save_model(f"{out}/lgb.model.txt")
write("lgb", test, machine.booster_.predict(test.astype(np.float64), raw_score=True), convert_lightgbm(machine, initial_types=[("x", FloatTensorType([None, 50]))], zipmap=False))
