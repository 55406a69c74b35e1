"""Model files as old libraries write them: `old_models.py list`, `old_models.py SHAPE < values.json > file`.

Run by make_models.py with a Python of that time: 3.8 with joblib 0.14, scikit-learn 0.22, pandas 1.0, numpy 1.19.
"""

import io
import json
import pickle
import sys

import joblib
import numpy
import pandas
from sklearn.linear_model import LogisticRegression


def model(values):
    return {"coef": numpy.random.RandomState(0).rand(40, 50), "config": dict(values), "bias": numpy.ones(3)}


def fitted(values):
    made = LogisticRegression().fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    made.tracking_ = dict(values)
    return made


def dumped(value, **options):
    out = io.BytesIO()
    joblib.dump(value, out, **options)
    return out.getvalue()


SHAPES = {"joblib.pkl": lambda v: dumped(model(v)), "sklearn.joblib": lambda v: dumped(fitted(v)), "sklearn.pkl": lambda v: pickle.dumps(fitted(v))}
for method in ("zlib", "gzip", "bz2", "lzma", "xz"):
    SHAPES["joblib-" + method + ".pkl"] = lambda v, method=method: dumped(model(v), compress=(method, 3))
for protocol in (2, 4):
    SHAPES["frame-%d.pkl" % protocol] = lambda v, p=protocol: pickle.dumps(pandas.DataFrame({n: [x, None] for n, x in v.items()}), protocol=p)
    SHAPES["rows-%d.pkl" % protocol] = lambda v, p=protocol: pickle.dumps(pandas.DataFrame({"name": list(v), "value": list(v.values())}), protocol=p)

if sys.argv[1] == "list":
    print("\n".join(sorted(SHAPES)))
else:
    sys.stdout.buffer.write(SHAPES[sys.argv[1]](json.load(sys.stdin)))
