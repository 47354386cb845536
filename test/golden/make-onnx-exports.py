"""What exporters write of small models, and what ONNX Runtime answers: the shape of onnx-operators.json.

    pip install "numpy<2" scikit-learn==1.6.1 skl2onnx==1.19.1 onnx==1.17.0 onnxruntime==1.32.0 onnxmltools==1.16.0 lightgbm==4.7.0 xgboost==3.2.0 catboost torch==2.4.1
    python test/golden/make-onnx-exports.py > test/golden/onnx-exports.json
"""
import base64
import io
import json
import os
import sys
import tempfile
import warnings

import catboost
import lightgbm
import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
import xgboost
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as Floats
from sklearn import preprocessing as P
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, RidgeClassifier, SGDClassifier
from sklearn.mixture import GaussianMixture
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import CategoricalNB, ComplementNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

warnings.filterwarnings('ignore')
make_attribute = onnx.helper.make_attribute


def plain(value):
    """skl2onnx writes arrays and booleans of numpy, which newer versions of protobuf refuse."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, (bool, np.bool_)) else value.item() if isinstance(value, np.generic) else value


onnx.helper.make_attribute = lambda key, value, *more, **named: make_attribute(key, plain(value), *more, **named)
torch.manual_seed(0)
torch.set_num_threads(1)
nn = torch.nn
ROWS = 6
X, y = load_iris(return_X_y=True)
X = X.astype(np.float32)
D, d = load_diabetes(return_X_y=True)
D = D.astype(np.float32)
cases = []


def written(x):
    """The shortest decimals that are the same float32 or double."""
    x = np.array(x)
    if x.dtype == np.float32:
        return [float(str(v)) if np.isfinite(v) else written(np.float64(v))[0] for v in x.ravel()]
    return [v if isinstance(v, str) or np.isfinite(v) else 'NaN' if v != v else 'Infinity' if v > 0 else '-Infinity' for v in x.ravel().tolist()]


def add(name, model, inputs):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options)
    answers = {}
    for r in range(ROWS):
        for output, result in zip(session.get_outputs(), session.run(None, {key: x[r:r + 1] for key, x in inputs.items()})):
            if isinstance(result, list):
                result = np.array([list(one.values()) for one in result], np.float32)
            answers.setdefault(output.name, []).append(written(result))
    cases.append({'name': name, 'model': base64.b64encode(model.SerializeToString()).decode(), 'rows': [[v for x in inputs.values() for v in written(x[r])] for r in range(ROWS)], 'outputs': answers})


def some(x):
    return x[::len(x) // ROWS][:ROWS]


def sklearn(name, estimator, x=X, target=y, **options):
    estimator.fit(x, target)
    try:
        model = to_onnx(estimator, x[:1], **options)
    except Exception as error:
        print('not written:', name, str(error)[:80], file=sys.stderr)
        return
    add(f'scikit-learn {name}', model, {'X': some(x)})


two = slice(0, 100)
sklearn('forest of two', RandomForestClassifier(n_estimators=3, max_depth=3), X[two], y[two] == 1)
sklearn('forest of words', ExtraTreesClassifier(n_estimators=3, max_depth=3), X, np.array(['a', 'b', 'c'])[y])
sklearn('gradient boosting of two', GradientBoostingClassifier(n_estimators=4, max_depth=2), X[two], y[two])
sklearn('HistGradientBoosting of two', HistGradientBoostingClassifier(max_iter=4, max_depth=2), X[two], y[two])
sklearn('bagging', BaggingClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=3))
sklearn('AdaBoost', AdaBoostClassifier(n_estimators=3, algorithm='SAMME'))
sklearn('AdaBoost of numbers', AdaBoostRegressor(n_estimators=3), D, d)
sklearn('tree of integers', DecisionTreeClassifier(max_depth=3), np.round(X).astype(np.int64))
sklearn('LDA', LinearDiscriminantAnalysis())
sklearn('QDA', QuadraticDiscriminantAnalysis())
sklearn('QDA of two', QuadraticDiscriminantAnalysis(), X[two], y[two])
sklearn('RidgeClassifier', RidgeClassifier())
sklearn('SGD modified huber', SGDClassifier(loss='modified_huber', random_state=0))
sklearn('Poisson', PoissonRegressor(), D, d)
sklearn('raw scores', LogisticRegression(), options={'raw_scores': True})
sklearn('ZipMap as columns', LogisticRegression(), options={'zipmap': 'columns'})
sklearn('logistic of doubles', LogisticRegression(), X.astype(np.float64), options={'zipmap': False})
sklearn('CategoricalNB', CategoricalNB(), np.round(X))
sklearn('ComplementNB', ComplementNB())
sklearn('MultinomialNB', MultinomialNB())
sklearn('SVC with probabilities', SVC(probability=True, random_state=0))
sklearn('SVC of two with probabilities', SVC(probability=True, random_state=0), X[two][:, :2], y[two])
sklearn('SVC one against one', SVC(decision_function_shape='ovo'))
sklearn('SVR', SVR(C=10), D[:60, :4], d[:60])
sklearn('OneClassSVM', OneClassSVM(nu=0.2), X, None)
few = np.concatenate([X[i:i + 12] for i in (0, 50, 100)])
for metric, more in [('manhattan', {}), ('minkowski', {'p': 3})]:
    sklearn(f'neighbours {metric}', KNeighborsClassifier(metric=metric, **more), few, np.repeat([0, 1, 2], 12))
sklearn('neighbours by distance', KNeighborsClassifier(weights='distance'), few + np.float32(0.01), np.repeat([0, 1, 2], 12))
sklearn('neighbours of two numbers', KNeighborsRegressor(), few, np.stack([few[:, 0], few[:, 1]], 1))
for kind in ['full', 'diag']:
    sklearn(f'mixture {kind}', GaussianMixture(3, covariance_type=kind, random_state=0), X, None)
sklearn('one against the rest', OneVsRestClassifier(LogisticRegression()))
sklearn('one against one', OneVsOneClassifier(LogisticRegression()))
sklearn('votes', VotingClassifier([('a', LogisticRegression()), ('b', DecisionTreeClassifier(max_depth=2))], flatten_transform=False))
sklearn('stacked', StackingClassifier([('a', LogisticRegression()), ('b', DecisionTreeClassifier(max_depth=2))]))
sklearn('calibrated', CalibratedClassifierCV(LogisticRegression(), cv=2))
sklearn('calibrated, isotonic', CalibratedClassifierCV(LogisticRegression(), method='isotonic', cv=2))
for name, step in {'polynomials': P.PolynomialFeatures(2), 'quantiles': P.QuantileTransformer(n_quantiles=10), 'power': P.PowerTransformer(), 'min and max': P.MinMaxScaler(clip=True), 'bins': P.KBinsDiscretizer(encode='onehot-dense'),
                   'best': SelectKBest(k=2), 'PCA': PCA(2, whiten=True), 'splines': P.Normalizer('l1')}.items():
    sklearn(name, make_pipeline(step, LogisticRegression(max_iter=500)))

random = np.random.default_rng(0)
words, others, numbers, target = np.array(['x', 'y', 'z'])[random.integers(0, 3, 60)], np.array(['p', 'q'])[random.integers(0, 2, 60)], random.normal(size=(60, 2)).astype(np.float32), random.integers(0, 2, 60)
numbers[3, 0] = np.nan
import pandas as pd  # noqa: E402
frame = pd.DataFrame({'c': words, 'd': others, 'u': numbers[:, 0], 'v': numbers[:, 1]})
types = [('c', StringTensorType([None, 1])), ('d', StringTensorType([None, 1])), ('u', FloatTensorType([None, 1])), ('v', FloatTensorType([None, 1]))]
for name, encoder in {'dropped': P.OneHotEncoder(drop='first'), 'ordinal': P.OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=-1), 'target': P.TargetEncoder(random_state=0), 'infrequent': P.OneHotEncoder(min_frequency=18, handle_unknown='infrequent_if_exist')}.items():
    try:
        model = make_pipeline(ColumnTransformer([('c', encoder, ['c', 'd']), ('n', make_pipeline(SimpleImputer(), P.StandardScaler()), ['u', 'v'])]), LogisticRegression()).fit(frame, target)
        add(f'scikit-learn columns, {name}', convert_sklearn(model, initial_types=types), {'c': words[:ROWS].reshape(-1, 1).astype(object), 'd': others[:ROWS].reshape(-1, 1).astype(object), 'u': numbers[:ROWS, :1], 'v': numbers[:ROWS, 1:]})
    except Exception as error:
        print(name, error, file=sys.stderr)

for name, model, x, target in [('classes', lightgbm.LGBMClassifier(n_estimators=3, num_leaves=5, verbose=-1), X, y), ('numbers', lightgbm.LGBMRegressor(n_estimators=3, num_leaves=5, verbose=-1), D, d), ('Poisson', lightgbm.LGBMRegressor(n_estimators=3, num_leaves=5, verbose=-1, objective='poisson'), D, d)]:
    add(f'LightGBM {name}', convert_lightgbm(model.fit(x, target), initial_types=[('X', Floats([None, x.shape[1]]))], target_opset=15), {'X': some(x)})
for name, model, x, target in [('classes', xgboost.XGBClassifier(n_estimators=3, max_depth=2), X, y), ('two classes', xgboost.XGBClassifier(n_estimators=3, max_depth=2), X[two], y[two]), ('numbers', xgboost.XGBRegressor(n_estimators=3, max_depth=2), D, d)]:
    rows = some(x).copy()
    rows[2, 1] = np.nan
    add(f'XGBoost {name}', convert_xgboost(model.fit(x, target), initial_types=[('X', Floats([None, x.shape[1]]))], target_opset=15), {'X': rows})
for name, model, x, target in [('classes', catboost.CatBoostClassifier, X, y), ('two classes', catboost.CatBoostClassifier, X[two], y[two]), ('two words', catboost.CatBoostClassifier, X[two], np.array(['a', 'b'])[y[two]]), ('numbers', catboost.CatBoostRegressor, D, d)]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'm.onnx')
        model(iterations=4, depth=2, verbose=0, train_dir=folder).fit(x, target).save_model(path, format='onnx')
        add(f'CatBoost {name}', onnx.load(path), {'features': some(x)})


class Of(nn.Module):
    """A module that a function makes of others."""
    def __init__(self, f, *parts):
        super().__init__()
        self.f = f
        self.parts = nn.ModuleList(parts)

    def forward(self, x):
        return self.f(self.parts, x)


def pytorch(name, module, *shape, opset=17, dynamic=True, given=None):
    x = torch.randn(ROWS, *shape) if given is None else given
    into = io.BytesIO()
    torch.onnx.export(module.eval(), x[:2 if dynamic else 1], into, input_names=['x'], output_names=['y'], dynamic_axes={'x': {0: 'n'}, 'y': {0: 'n'}} if dynamic else None, opset_version=opset, dynamo=False)
    add(f'PyTorch {name}', onnx.load_from_string(into.getvalue()), {'x': x.numpy()})


pytorch('dense', nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.LeakyReLU(), nn.Dropout(.3), nn.Linear(8, 3), nn.Softmax(1)), 5)
for name in ['GELU', 'SiLU', 'ELU', 'SELU', 'CELU', 'Hardswish', 'Hardsigmoid', 'Hardtanh', 'Softplus', 'Mish', 'PReLU', 'LogSigmoid', 'ReLU6', 'Tanhshrink', 'GLU', 'Softmin']:
    pytorch(name, nn.Sequential(nn.Linear(3, 4), getattr(nn, name)()), 3)
pytorch('GELU by tanh', nn.GELU(approximate='tanh'), 4)
for opset in [13, 17]:
    pytorch(f'LayerNorm {opset}', nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4)), 3, opset=opset)
pytorch('GroupNorm', nn.Sequential(nn.Conv1d(4, 6, 2), nn.GroupNorm(3, 6), nn.Flatten()), 4, 7)
pytorch('images', nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)), 1, 8, 8)
pytorch('view', Of(lambda m, x: m[1](m[0](x).view(x.size(0), -1)), nn.Conv1d(3, 4, 3), nn.Linear(24, 2)), 3, 8)
pytorch('mirrored', nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode='reflect'), nn.AvgPool2d(2), nn.Flatten()), 1, 4, 4)
pytorch('one image at a time', nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(18, 3)), 1, 5, 5, dynamic=False)
for name in ['LSTM', 'GRU', 'RNN']:
    pytorch(f'{name}, last step', Of(lambda m, x: m[1](m[0](x)[0][:, -1]), getattr(nn, name)(3, 4, batch_first=True), nn.Linear(4, 2)), 4, 3)
    pytorch(f'{name}, two layers both ways', Of(lambda m, x: m[1](m[0](x)[0].reshape(x.size(0), -1)), getattr(nn, name)(3, 2, num_layers=2, bidirectional=True, batch_first=True), nn.Linear(16, 2)), 4, 3)
pytorch('attention', Of(lambda m, x: F.scaled_dot_product_attention(m[0](x), m[1](x), x).flatten(1), nn.Linear(4, 4), nn.Linear(4, 4)), 3, 4)
pytorch('transformer', Of(lambda m, x: m[1](m[0](x).mean(1)), nn.TransformerEncoderLayer(4, 2, 6, batch_first=True), nn.Linear(4, 2)), 3, 4)
pytorch('embedding', nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), nn.Linear(9, 2)), given=torch.randint(0, 10, (ROWS, 3)))
pytorch('autoencoder', Of(lambda m, x: ((m[0](x) - x) ** 2).mean(1), nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 6))), 6)
pytorch('pieces', Of(lambda m, x: torch.cat([m[0](x[:, :2]), torch.chunk(x, 3, 1)[1] * 2, x[:, -1:]], 1), nn.Linear(2, 3)), 6)
pytorch('norms', Of(lambda m, x: F.normalize(x, dim=1) * x.norm(p=1, dim=1, keepdim=True) + x.std(1, keepdim=True) + x.var(1, keepdim=True, unbiased=False) + x.prod(1, keepdim=True)), 5)
pytorch('bounds', Of(lambda m, x: torch.where(x > 0, x.clamp(max=1), torch.log1p(-x)).cumsum(1)), 5)
pytorch('expanded', Of(lambda m, x: (x.unsqueeze(1).expand(-1, 3, -1) * torch.arange(3.).view(1, 3, 1)).reshape(x.shape[0], -1)), 4)
pytorch('largest', Of(lambda m, x: m[0](x).argmax(1), nn.Linear(5, 3)), 5)
pytorch('sorted', Of(lambda m, x: x.sort(1)[0]), 5)

sys.stdout.write('[\n' + ',\n'.join(json.dumps(item, ensure_ascii=False) for item in cases) + '\n]\n')
