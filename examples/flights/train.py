# Trains the model of this example: will this flight arrive 15 minutes late or more, scored when it departs?
#
#   python -m venv .venv && .venv/bin/pip install lightgbm==4.7.0 pandas==3.1.1 pyarrow==26.0.1 scikit-learn==1.9.1
#   .venv/bin/python examples/flights/train.py          (from the root of the repository; about a minute)
#
# Writes delay.txt (LightGBM's own file), delay.json (where it comes from), rows.csv and expected.csv (what LightGBM answers).
#
# What the data say, and what they do not:
# - `date` is the minute in which the flight really left, on the clock of its origin, without a zone. (Scheduled times are mostly multiples
#   of five minutes; of these only a third are.) The hour is therefore known at departure and not before; part of a late flight's delay
#   shows in it: who leaves at 2 a.m. was to leave earlier. That is no leak for a question that is asked at departure.
# - The day is that of the schedule: a flight of 11 p.m. that left at 00:20 carries the day before. (None stands on July 1 but six at 00:00;
#   late flights after midnight go with the late evenings of the same date.) The file is sorted by this `date`, so such flights stand at the
#   beginning of their day and not at its end.
# - `delay` is that of the arrival, in minutes, and is the label only. The scheduled time is not in the data.
# - The month would separate training from scoring and is left out.
import hashlib
import json
import platform
from pathlib import Path

import lightgbm
import numpy
import pandas
import pyarrow.parquet
import sklearn
from sklearn.metrics import log_loss, roc_auc_score

HERE = Path(__file__).parent
DATA = HERE.parent.parent / 'node_modules/vega-datasets/data/flights-3m.parquet'
PARAMS = {
    'objective': 'binary', 'learning_rate': 0.4, 'num_leaves': 31, 'min_data_in_leaf': 500, 'cat_smooth': 30,
    'seed': 1, 'deterministic': True, 'force_row_wise': True, 'num_threads': 1, 'verbose': -1,
}
ROUNDS_MAX = 100      # keeps the file small and scoring quick; more would still be a little better

digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()


def features(flights, airports):
    airport = lambda column: pandas.Categorical(column.where(column.isin(airports)), categories=airports)
    return pandas.DataFrame({
        'hour': flights['date'].dt.hour.astype('int64'),
        'weekday': flights['date'].dt.day_of_week.astype('int64') + 1,      # ISO: Monday is 1
        'distance': flights['distance'],
        'origin': airport(flights['origin']),
        'destination': airport(flights['destination']),
    })


def quality(late, scores):
    return {'auc': round(roc_auc_score(late, scores), 6), 'logLoss': round(log_loss(late, scores), 6)}


flights = pyarrow.parquet.read_table(DATA).to_pandas()
late = (flights['delay'] >= 15).to_numpy().astype(int)
months = flights['date'].dt.month.to_numpy()
first_of_may = int((months < 5).sum())
assert (months[:first_of_may] < 5).all()
known = slice(0, first_of_may)
unseen = slice(first_of_may, None)
airports = sorted(set(flights['origin'][known]) | set(flights['destination'][known]))
rows = features(flights, airports)


def train(months_used, rounds, **more):
    used = lightgbm.Dataset(rows[months_used], late[months_used])
    if 'validate' in more:
        more = {
            'valid_sets': [used.create_valid(rows[more['validate']], late[more['validate']])],
            'callbacks': [lightgbm.early_stopping(10, verbose=False)],
        }
    return lightgbm.train(PARAMS, used, rounds, **more)


# the number of rounds: trained on January to March, judged on April
trial = train(months < 4, ROUNDS_MAX, validate=months == 4)
rounds = trial.best_iteration
april = quality(late[months == 4], trial.predict(rows[months == 4]))

model = train(months < 5, rounds)
model.save_model(HERE / 'delay.txt')
base_rate = float(late[known].mean())
scores = model.predict(rows[unseen])

# What LightGBM answers: every 2600th flight of May and June, and five from or to an airport that the training never saw.
step = 2600
airport_unknown = (rows['origin'].isna() | rows['destination'].isna()).to_numpy().nonzero()[0][:5]
chosen = numpy.concatenate([numpy.arange(first_of_may, len(flights), step), airport_unknown])
answers = rows.iloc[chosen]
written = answers.assign(origin=flights['origin'].iloc[chosen], destination=flights['destination'].iloc[chosen])
written.to_csv(HERE / 'rows.csv', index=False)
pandas.DataFrame({'predict': model.predict(answers), 'raw': model.predict(answers, raw_score=True)}).to_csv(HERE / 'expected.csv', index=False)

(HERE / 'delay.json').write_text(json.dumps({
    'question': 'will this flight arrive 15 minutes late or more? scored at departure',
    'model': {'file': 'delay.txt', 'sha256': digest(HERE / 'delay.txt'), 'rounds': rounds, 'leaves': PARAMS['num_leaves'], 'params': PARAMS},
    'made': {
        'command': 'python examples/flights/train.py',
        'python': platform.python_version(),
        **{library.__name__: library.__version__ for library in (lightgbm, numpy, pandas, pyarrow, sklearn)},
    },
    'data': {
        'package': 'vega-datasets 3.2.1', 'file': 'data/flights-3m.parquet', 'sha256': digest(DATA), 'rows': len(flights),
        'origin': 'U.S. Bureau of Transportation Statistics, on-time performance, January to June 2001',
    },
    'training': {'months': 'January to April', 'rows': first_of_may, 'baseRate': base_rate, **quality(late[known], model.predict(rows[known]))},
    'validation': {'months': 'April, trained on January to March', 'rows': int((months == 4).sum()), **april},
    'unseen': {
        'months': 'May and June', 'from': first_of_may, 'rows': len(flights) - first_of_may, 'lateShare': float(late[unseen].mean()),
        **quality(late[unseen], scores),
        'baseRate': quality(late[unseen], numpy.full(len(scores), base_rate)),
    },
    'answers': {'rows': 'rows.csv', 'expected': 'expected.csv', 'everyNth': step, 'then': [int(row) for row in airport_unknown]},
}, indent=2) + '\n')
