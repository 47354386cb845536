"""Writes strangers/: small files of models that are known and not read, to see that they are told by name.

    pip install xgboost==1.7.6 scikit-learn==1.3.2 lightgbm==4.7.0 'numpy<2' 'scipy<1.13' joblib safetensors && python make-strangers.py
"""
import json, os, pickle
import joblib, lightgbm, numpy as np, xgboost
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'strangers'))
X = np.random.default_rng(0).normal(size=(60, 4))
y = (X[:, 0] > 0).astype(int)
pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
for protocol in 0, 2, 5:
    with open(f'p{protocol}.pkl', 'wb') as f:
        pickle.dump(pipeline, f, protocol=protocol)
joblib.dump(pipeline, 'plain.joblib')
for kind in 'zlib', 'xz':
    joblib.dump(pipeline, f'{kind}.joblib', compress=(kind, 3))
boosted = xgboost.XGBClassifier(n_estimators=2).fit(X, y)
boosted.get_booster().save_model('old.model')
boosted.get_booster().dump_model('xdump.json', dump_format='json')
light = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y)
for name, model in ('xgb', boosted), ('lgb', light):
    with open(f'{name}.pkl', 'wb') as f:
        pickle.dump(model, f)
with open('ldump.json', 'w') as f:
    json.dump(light.booster_.dump_model(), f)
save_file({'w': np.zeros((3, 4), np.float32)}, 'w.safetensors')
np.savez('w.npz', a=np.zeros(3))
# begin.h5: the first 3000 bytes of a model that Keras 3.15 saved as HDF5
