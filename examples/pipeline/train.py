# Trains the model of this example on rides made by rule: how many minutes will this delivery take?
#
#   python -m venv .venv && .venv/bin/pip install xgboost==3.2.0 pandas==3.1.1 scikit-learn==1.9.1
#   .venv/bin/python train.py          (in this folder; a second)
#
# Writes eta.json (XGBoost's own file), rows.csv and expected.csv (what XGBoost answers), and rides.ndjson (a stream to score).
import json

import numpy
import pandas
import xgboost

random = numpy.random.default_rng(7)
n = 5000
rows = pandas.DataFrame({
    'km': random.gamma(2, 3, n).round(1),
    'hour': random.integers(0, 24, n),
    'weather': pandas.Categorical(random.choice(['clear', 'rain', 'snow'], n, p=[0.7, 0.25, 0.05])),
})
slower = rows['weather'].map({'clear': 1, 'rain': 1.2, 'snow': 2}).astype(float) * numpy.where(rows['hour'].isin([8, 9, 17, 18]), 1.6, 1)
minutes = 3 + 2.2 * rows['km'] * slower + random.normal(0, 1, n)

model = xgboost.XGBRegressor(n_estimators=40, max_depth=4, enable_categorical=True, n_jobs=1).fit(rows, minutes)
model.save_model('eta.json')

some = rows[:200]
some.to_csv('rows.csv', index=False)
pandas.DataFrame({'prediction': model.predict(some)}).to_csv('expected.csv', index=False, float_format='%.17g')

with open('rides.ndjson', 'w') as file:
    for i, ride in enumerate(some.itertuples()):
        at = f'2026-03-{2 + i // 100:02}T{ride.hour:02}:{i % 60:02}:00'
        print(json.dumps({'id': 1000 + i, 'at': at, 'trip': {'km': ride.km, 'bags': i % 3}, 'weather': ride.weather}), file=file)
    # what happens in real streams
    print('{"id": 1200, "at": "2026-03-04T09:00:00", "trip": {"km": 4.2, "bags": 0}, "weather": "hail"}', file=file)
    print('{"id": 1201, "at": "2026-03-04T09:01:00", "trip": {"bags": 1}, "weather": "clear"}', file=file)
    print('{"id": 1202, "at": "2026-03-04T09:0', file=file)
