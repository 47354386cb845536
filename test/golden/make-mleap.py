"""Bundles that PyPI mleap writes of scikit-learn, with the answers of scikit-learn. Needs:
    pip install mleap==0.25.3 scikit-learn pandas
    python make-mleap.py models/mleap_sklearn
"""
import sys, os, json, shutil, csv, warnings
warnings.filterwarnings('ignore')
import numpy as np, pandas as pd, sklearn
from sklearn.datasets import load_iris, load_wine, load_diabetes, load_breast_cancer
import mleap.sklearn.pipeline
import mleap.sklearn.base, mleap.sklearn.logistic, mleap.sklearn.svm, mleap.sklearn.preprocessing.data, mleap.sklearn.tree.tree, mleap.sklearn.ensemble.forest
from mleap.sklearn.preprocessing.data import FeatureExtractor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler, MinMaxScaler
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
out = sys.argv[1]
rng = np.random.default_rng(3)
def name(s): return s.replace(' (cm)','').replace(' ','_').replace('/','_')
def rows_of(X, thresholds=()):
    base = X[rng.choice(len(X), 40, replace=False)]
    r = [base, base * (1 + rng.normal(0, 0.05, base.shape))]
    ext = X[:6].copy(); ext[0,:]=0; ext[1,:]=-0.0; ext[2,:]=1e6; ext[3,:]=-1e6; ext[4,:]=1e-12; ext[5,0]=123456789.125
    r.append(ext)
    for f, t in list(thresholds)[:20]:
        for v in (t, np.nextafter(t, np.inf), np.nextafter(t, -np.inf), np.float64(np.nextafter(np.float32(t), np.float32(np.inf)))):
            b = base[rng.integers(len(base))].copy(); b[f] = v; r.append(b[None])
    return np.vstack(r)
def save(n, pipe, cols, rows, answers, note='', rel=1e-9):
    d = f'{out}/{n}'; shutil.rmtree(d, ignore_errors=True); os.makedirs(d)
    pipe.serialize_to_bundle(d, 'model', init=True); shutil.rmtree(d + '/model')
    with open(d + '/inputs.csv','w') as f:
        f.write(','.join(cols) + '\n')
        for r in rows: f.write(','.join(repr(float(v)) for v in r) + '\n')
    keys = list(answers)
    with open(d + '/expected.csv','w') as f:
        f.write(','.join(keys) + '\n')
        for i in range(len(rows)): f.write(','.join(repr(float(answers[k][i])) if np.asarray(answers[k]).dtype.kind == 'f' else str(int(answers[k][i])) for k in keys) + '\n')
    json.dump({'format':'mleap','origin':f'scikit-learn {sklearn.__version__} by PyPI mleap 0.25.3','name':n,'note':note,'truth':{'expected.csv':'scikit-learn'},'tolerance':{'expected.csv':{'rel':rel,'abs':rel}},'rows':len(rows),'outputs':keys}, open(d + '/meta.json','w'), indent=1)
    print(n, len(rows))
def prep(cols, scaler, model, X, y, trees=False):
    e = FeatureExtractor(cols, None, 'features_raw', cols); steps = [(e.name, e)]; last = 'features_raw'
    df = pd.DataFrame(X, columns=cols)
    if scaler is not None:
        scaler.mlinit(e, 'scaled'); steps.append((scaler.name, scaler)); last = 'scaled'
    if trees: model.mlinit(input_features=last, prediction_column='prediction', feature_names=cols)
    else: model.mlinit(input_features=last, prediction_column='prediction')
    steps.append((model.name, model)); p = Pipeline(steps); p.mlinit(); p.fit(df, y); return p
def frame(cols, rows): return pd.DataFrame(rows, columns=cols)
def clf(p, cols, rows):
    f = frame(cols, rows); a = {'prediction': p.predict(f)}
    if hasattr(p, 'predict_proba'):
        pr = p.predict_proba(f)
        for k in range(pr.shape[1]): a[f'probability_{k}'] = pr[:,k]
    return a
def ths(m):
    ts = m.estimators_ if hasattr(m,'estimators_') else [m]
    r = [(t.tree_.feature[i], t.tree_.threshold[i]) for t in ts for i in range(t.tree_.node_count) if t.tree_.feature[i] >= 0]
    rng.shuffle(r); return [(int(f), t) for f, t in r]
iris, wine, dia, can = load_iris(), load_wine(), load_diabetes(), load_breast_cancer()
def logreg_multi_iris():
    cols = [name(c) for c in iris.feature_names]
    m = LogisticRegression(max_iter=1000)
    p = prep(cols,StandardScaler(),m,iris.data,iris.target)
    r = rows_of(iris.data)
    save('logreg-multi-iris',p,cols,r,clf(p,cols,r),'coefficient_matrix row by row')
def logreg_minmax_wine():
    cols = [name(c) for c in wine.feature_names]
    m = LogisticRegression(max_iter=1000)
    p = prep(cols,MinMaxScaler(),m,wine.data,wine.target)
    r = rows_of(wine.data)
    save('logreg-minmax-wine',p,cols,r,clf(p,cols,r))
def rf_clf_wine():
    cols = [name(c) for c in wine.feature_names]
    m = RandomForestClassifier(6,max_depth=4,random_state=1)
    p = prep(cols,None,m,wine.data,wine.target,True)
    r = rows_of(wine.data,ths(m))
    save('rf-clf-wine',p,cols,r,clf(p,cols,r))
def rf_reg_diabetes():
    cols = [name(c) for c in dia.feature_names]
    m = RandomForestRegressor(5,max_depth=4,random_state=1)
    p = prep(cols,None,m,dia.data,dia.target,True)
    r = rows_of(dia.data,ths(m))
    save('rf-reg-diabetes',p,cols,r,{'prediction':p.predict(frame(cols,r))})
def dtree_clf_iris():
    cols = [name(c) for c in iris.feature_names]
    m = DecisionTreeClassifier(max_depth=4,random_state=1)
    p = prep(cols,None,m,iris.data,iris.target,True)
    r = rows_of(iris.data,ths(m))
    save('dtree-clf-iris',p,cols,r,clf(p,cols,r))
def svc_cancer():
    cols = [name(c) for c in can.feature_names]
    m = LinearSVC(random_state=1)
    p = prep(cols,StandardScaler(),m,can.data,can.target)
    r = rows_of(can.data)
    save('svc-cancer',p,cols,r,{'prediction':p.predict(frame(cols,r))})
for make in (logreg_multi_iris, logreg_minmax_wine, rf_clf_wine, rf_reg_diabetes, dtree_clf_iris, svc_cancer): make()
