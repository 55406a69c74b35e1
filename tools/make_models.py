#!/usr/bin/env python3
"""Writes model files with planted credentials by the real libraries, and says what a scan finds of them.

    make_models.py write FOLDER            # FOLDER/planted, FOLDER/clean, FOLDER/planted.json
    make_models.py noise FOLDER --bytes N  # N random bytes as the numbers of each container
    make_models.py judge FOLDER REPORT     # REPORT is `watertight scan --format json --show-secrets FOLDER/planted`

Needs what tools/models-requirements.txt lists for all files; what is missing is left out. Formats that are no pickles are
in model_formats.py. OLD_PYTHON names a Python with the libraries of 2020, see old_models.py; Pythons below ~/.pyenv compile,
and those in the folders of NODE_PYTHON, see node_python.mjs.
Values are made when the script runs; `clean` has the same files with harmless values. PyTorch's formats are written here
as `torch.save` does, since its wheel is too large for a test.
"""

import argparse
import base64
import collections
import dataclasses
import functools
import gzip
import io
import json
import pathlib
import pickle
import random
import re
import string
import struct
import sys
import types
import zipfile
import zlib

import model_formats

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def of(rng, alphabet, length):
    return "".join(rng.choice(alphabet) for _ in range(length))


def account(key):
    number = int.from_bytes(base64.b32decode(key[4:])[:6], "big")
    return (number & 0x7FFFFFFFFF80) >> 7


def secrets(seed):
    """A value of each kind, under the name it needs."""
    rng = random.Random(seed)
    key = "AKIA" + of(rng, string.ascii_uppercase + "234567", 16)
    while account(key) >= 10**12:
        key = "AKIA" + of(rng, string.ascii_uppercase + "234567", 16)
    token, sum_ = of(rng, BASE62, 30), ""
    crc = zlib.crc32(token.encode())
    for _ in range(6):
        sum_, crc = BASE62[crc % 62] + sum_, crc // 62
    password = of(rng, BASE62, 18)
    return {
        "aws_access_key_id": key,
        "aws_secret_access_key": of(rng, BASE62 + "+/", 40),
        "github_token": f"ghp_{token}{sum_}",
        "openai_api_key": "sk-proj-" + of(rng, BASE62, 58) + "T3BlbkFJ" + of(rng, BASE62, 58),
        "hf_token": "hf_" + of(rng, string.ascii_letters, 34),
        "db_password": of(rng, BASE62 + "!@&*", 20),
        "internal_api_key": of(rng, BASE62, 32),
        "database_url": f"postgresql://svc:{password}@db.internal:5432/shop",
    }


def harmless(_):
    return {
        "aws_access_key_id": "from the environment", "aws_secret_access_key": "from the environment", "github_token": "",
        "openai_api_key": "${OPENAI_API_KEY}", "hf_token": "none", "db_password": "changeme", "internal_api_key": "<your key here>",
        "database_url": "postgresql://db.internal:5432/shop",
    }


NEEDS_NAME = ("aws_secret_access_key", "db_password", "internal_api_key")


class Plain:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Slotted:
    __slots__ = tuple(secrets(0))


Named = collections.namedtuple("Named", tuple(secrets(0)))
Data = dataclasses.make_dataclass("Data", [(name, str) for name in secrets(0)])
for made in (Named, Data):
    made.__module__ = __name__


def connect(**options):
    return options


def slotted(values):
    made = Slotted()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def nested(values):
    return {"model": "tiny", "layers": [1, 2, 3], "config": {"db": dict(values), "epochs": 10, "rate": 1e-3}}


def standard():
    """Files that need nothing but Python."""
    for protocol in range(6):
        dump = functools.partial(pickle.dumps, protocol=protocol)
        yield f"nested-{protocol}.pkl", lambda v, dump=dump: dump(nested(v))
        yield f"object-{protocol}.pkl", lambda v, dump=dump: dump(Plain(**v))
        yield f"bytes-{protocol}.pkl", lambda v, dump=dump: dump({name: value.encode() for name, value in v.items()})
        if protocol > 1:
            yield f"slots-{protocol}.pkl", lambda v, dump=dump: dump([slotted(v)])
        yield f"inner-{protocol}.pkl", lambda v, dump=dump: dump({"blob": pickle.dumps(nested(v), protocol=4)})
    dump = functools.partial(pickle.dumps, protocol=4)
    yield "dataclass.pkl", lambda v: dump(Data(**v))
    yield "ordered.pkl", lambda v: dump(collections.OrderedDict(v))
    yield "defaultdict.pkl", lambda v: dump(collections.defaultdict(str, v))
    yield "namespace.pkl", lambda v: dump(types.SimpleNamespace(**v))
    yield "argparse.pkl", lambda v: dump({"args": argparse.Namespace(**v)})
    yield "partial.pkl", lambda v: dump(functools.partial(connect, **v))
    yield "pairs.pkl", lambda v: dump(list(v.items()))
    yield "records.pkl", lambda v: dump([{"name": name, "value": value} for name, value in v.items()])
    yield "concatenated.pkl", lambda v: dump([1, 2, 3]) + dump({"epoch": 1}) + dump(dict(v))
    yield "env-text.pkl", lambda v: dump({"env": "".join(f"{name.upper()}={value}\n" for name, value in v.items())})
    yield "json-text.pkl", lambda v: dump({"metadata": json.dumps(nested(v))})
    yield "many.pkl", lambda v: dump([{"id": n, "text": f"row {n}", "config": None} for n in range(200_000)] + [dict(v)])
    yield "gzip.pkl", lambda v: gzip.compress(dump(nested(v)))
    yield "zlib.pkl", lambda v: zlib.compress(dump(nested(v)))
    yield "python2.pkl", lambda v: python2(v)
    yield "torch.pt", lambda v: torch_zip(nested(v))
    yield "torch-legacy.pt", lambda v: torch_legacy(nested(v))
    yield "lightning.ckpt", lambda v: torch_zip({"state_dict": {}, "hyper_parameters": types.SimpleNamespace(**v)})


def python2(values):
    """As cPickle of Python 2 writes a dict of `str`, protocol 2, without memo."""
    out = b"\x80\x02}("
    for name, value in values.items():
        for text in (name.encode(), value.encode()):
            out += b"U" + bytes([len(text)]) + text
    return out + b"u."


class Storage:
    def __init__(self, key, count):
        self.key, self.count = key, count


class TorchPickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", dict, value.key, "cpu", value.count)
        return None


def pickled(value):
    out = io.BytesIO()
    TorchPickler(out, protocol=2).dump(value)
    return out.getvalue()


def torch_zip(value):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model/data.pkl", pickled({**value, "weights": Storage("0", 1000)}))
        archive.writestr("model/byteorder", "little")
        archive.writestr("model/data/0", random.Random(0).randbytes(4000))
        archive.writestr("model/version", "3\n")
    return out.getvalue()


def torch_legacy(value):
    parts = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}]
    out = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    out += pickled({**value, "weights": Storage("0", 1000)}) + pickle.dumps(["0"], protocol=2)
    return out + struct.pack("<q", 1000) + random.Random(1).randbytes(4000)


def with_numpy():
    import numpy

    def saved(array, **options):
        out = io.BytesIO()
        numpy.save(out, array, **options)
        return out.getvalue()

    def zipped(save, **arrays):
        out = io.BytesIO()
        save(out, **arrays)
        return out.getvalue()

    def keyed(v):
        return numpy.array(list(v.items()))

    yield "unicode.npy", lambda v: saved(keyed(v))
    yield "unicode-big.npy", lambda v: saved(keyed(v).astype(keyed(v).dtype.newbyteorder(">")))
    yield "narrow.npy", lambda v: saved(keyed(v).astype("S"))
    yield "objects.npy", lambda v: saved(numpy.array([nested(v)], dtype=object), allow_pickle=True)
    yield "record.npy", lambda v: saved(numpy.array([tuple(v.values())], dtype=[(name, f"<U{len(value) or 1}") for name, value in v.items()]))
    yield "row.npy", lambda v: saved(numpy.array([f"{name}={value}" for name, value in v.items()]))
    yield "arrays.npz", lambda v: zipped(numpy.savez, weights=numpy.ones(100), config=keyed(v))
    yield "arrays-deflated.npz", lambda v: zipped(numpy.savez_compressed, weights=numpy.ones(100), config=keyed(v))
    for protocol in (0, 2, 4, 5):
        yield f"numpy-{protocol}.pkl", lambda v, protocol=protocol: pickle.dumps(
            {"weights": numpy.random.default_rng(0).random(500), "config": {n: numpy.array(x) for n, x in v.items()}}, protocol=protocol)
        yield f"numpy-objects-{protocol}.pkl", lambda v, protocol=protocol: pickle.dumps(
            {"config": numpy.array(list(v.items()), dtype=object)}, protocol=protocol)


def with_pandas():
    import pandas

    for protocol in (2, 5):
        for kind in ("str", object):
            label = "objects" if kind is object else "str"
            yield f"frame-{label}-{protocol}.pkl", lambda v, p=protocol, k=kind: pickle.dumps(
                pandas.DataFrame({**{n: [x, None] for n, x in v.items()}, "n": [1, 2]}).astype({n: k for n in v}), protocol=p)
            yield f"rows-{label}-{protocol}.pkl", lambda v, p=protocol, k=kind: pickle.dumps(
                pandas.DataFrame({"name": list(v), "value": list(v.values())}, dtype=k), protocol=p)
            yield f"series-{label}-{protocol}.pkl", lambda v, p=protocol, k=kind: pickle.dumps(pandas.Series(dict(v), dtype=k), protocol=p)
    yield "frame-attrs.pkl", lambda v: pickle.dumps(attributed(pandas.DataFrame({"n": [1]}), v))


def attributed(frame, values):
    frame.attrs["config"] = dict(values)
    return frame


def with_joblib():
    import joblib
    import numpy

    def dumped(value, **options):
        out = io.BytesIO()
        joblib.dump(value, out, **options)
        return out.getvalue()

    def model(v):
        return {"coef": numpy.random.default_rng(0).random((40, 50)), "config": dict(v), "bias": numpy.ones(3)}

    yield "joblib.pkl", lambda v: dumped(model(v))
    for method in ("zlib", "gzip", "bz2", "lzma", "xz"):
        yield f"joblib-{method}.pkl", lambda v, method=method: dumped(model(v), compress=(method, 3))
    yield "joblib-objects.pkl", lambda v: dumped({"coef": numpy.ones(9), "rows": numpy.array(list(v.items()), dtype=object)})
    yield "joblib-unicode.pkl", lambda v: dumped({"coef": numpy.ones(9), "rows": numpy.array(list(v.items()))})
    yield "joblib-0.9.pkl", lambda v: old_joblib(pickle.dumps(nested(v), protocol=2))


def old_joblib(body):
    packed = zlib.compress(body, 3)
    return b"ZF" + hex(len(body)).encode().ljust(19) + packed


def with_sklearn():
    import joblib
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    def fitted(v):
        rng = numpy.random.default_rng(0)
        pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
        pipeline.fit(rng.random((60, 4)), rng.integers(0, 2, 60))
        pipeline.tracking_ = dict(v)
        return pipeline

    yield "sklearn.pkl", lambda v: pickle.dumps(fitted(v))
    yield "sklearn.joblib", lambda v: (lambda out: (joblib.dump(fitted(v), out), out.getvalue())[1])(io.BytesIO())


def with_skops():
    import skops.io
    from sklearn.linear_model import LogisticRegression

    def fitted(v):
        model = LogisticRegression().fit([[0], [1], [2], [3]], [0, 0, 1, 1])
        model.tracking_ = dict(v)
        return model

    yield "model.skops", lambda v: skops.io.dumps(fitted(v))


def functions(v):
    """A function with all values in its code, and one that closes over them."""
    source = "def load():\n    options = {\n" + "".join(f"        {n!r}: {x!r},\n" for n, x in v.items()) + "    }\n    return options\n"
    scope = {"__name__": "__main__"}
    exec(source, scope)  # noqa: S102: our own text
    return scope["load"]


def closure(v):
    config = dict(v)
    return lambda: config


def assigned(v):
    source = "def load():\n" + "".join(f"    {n} = {x!r}\n" for n, x in v.items()) + "    return locals()\n"
    scope = {"__name__": "__main__"}
    exec(source, scope)  # noqa: S102: our own text
    return scope["load"]


def with_code(library):
    module = __import__(library)
    yield f"{library}-display.pkl", lambda v: module.dumps(functions(v))
    yield f"{library}-closure.pkl", lambda v: module.dumps(closure(v))
    yield f"{library}-assigned.pkl", lambda v: module.dumps(assigned(v))


FAMILIES = (standard, with_numpy, with_pandas, with_joblib, with_sklearn, with_skops,
            functools.partial(with_code, "cloudpickle"), functools.partial(with_code, "dill"), *model_formats.FAMILIES)


def files():
    for family in FAMILIES:
        try:
            yield from family()
        except ImportError as missing:
            print(f"left out: {missing}", file=sys.stderr)


def write(folder):
    planted = {}
    for name, make in files():
        values = secrets(name)
        for part, filling in (("planted", values), ("clean", harmless(name))):
            path = folder / part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(make(filling))
            except Exception as failure:  # noqa: BLE001: one file less, and said
                print(f"left out: {name}: {failure!r}", file=sys.stderr)
                path.unlink(missing_ok=True)
                break
        else:
            planted[name] = values
    (folder / "planted.json").write_text(json.dumps(planted, indent=1))
    print(f"{len(planted)} files, {sum(map(len, planted.values()))} values")


# An id is told as a part of its secret's incident, at a place of its own.
PUBLIC = "aws-access-key-id"


def judge(folder, report):
    planted = json.loads((folder / "planted.json").read_text())
    incidents = json.loads(pathlib.Path(report).read_text())["incidents"]
    seen = collections.defaultdict(list)
    for incident in incidents:
        ids = {part["value"] for part in incident["parts"] if part["kind"] == "id"}
        for finding in incident["findings"]:
            own = ids.intersection(planted.get(finding["path"], {}).values()) if finding["rule"] == PUBLIC else ()
            for value in own or [incident["secret"]]:
                seen[finding["path"], value].append(finding)
    found = named = needing = both = every = repeated = 0
    wanted = set()
    for path, values in planted.items():
        missed = []
        for name, value in values.items():
            secret = value.split(":")[2].split("@")[0] if "://" in value else value
            wanted.add((path, secret))
            here = seen.get((path, secret), [])
            has_name = any(re.sub(r"(\[\d+\])+$", "", finding["name"] or "").lower().endswith(name) for finding in here)
            every, found, named = every + 1, found + bool(here), named + has_name
            repeated += len(here) > 1
            if name in NEEDS_NAME:
                needing, both = needing + 1, both + has_name
            if not here:
                missed.append(name)
            elif not has_name:
                missed.append(f"({name})")
            if len(here) > 1:
                missed.append(f"{len(here)}x{name}")
        if missed:
            print(f"{path}: {' '.join(missed)}")
    share = lambda part, whole: f"{part} of {whole} ({100 * part / max(whole, 1):.1f} %)"
    print(f"{len(planted)} files: found {share(found, every)}, with their name {share(named, every)}")
    print(f"of those that need their name, found with it: {share(both, needing)}; more than once: {repeated}")
    print(f"not planted: {sorted({path for path, secret in seen if (path, secret) not in wanted})}")


def noise(folder, length):
    """Random bytes as the numbers of each container: whatever a scan finds in them is wrong."""
    import numpy

    folder.mkdir(parents=True, exist_ok=True)
    rng = numpy.random.default_rng(length)
    body = rng.bytes(length // 8 * 8)
    floats, longs = numpy.frombuffer(body, "f4"), numpy.frombuffer(body, "i8")
    numpy.save(folder / "noise.npy", floats)
    numpy.savez(folder / "noise.npz", weights=floats)
    with zipfile.ZipFile(folder / "noise.pt", "w") as archive:
        archive.writestr("model/data.pkl", pickled({"weights": Storage("0", len(floats))}))
        archive.writestr("model/data/0", body)
    header = json.dumps({"w": {"dtype": "F32", "shape": [len(floats)], "data_offsets": [0, len(body)]}}).encode()
    (folder / "noise.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + body)
    for write in (noise_gguf, noise_hdf5, noise_tables, noise_onnx):
        try:
            write(folder, floats, longs, body)
        except ImportError as missing:
            print(f"left out: {missing}", file=sys.stderr)


def noise_gguf(folder, floats, longs, body):
    import gguf

    writer = gguf.GGUFWriter(folder / "noise.gguf", "llama")
    writer.add_tensor("w", floats)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def noise_hdf5(folder, floats, longs, body):
    import h5py

    for name, options in (("noise.h5", {}), ("noise-gzip.h5", {"chunks": (1 << 18,), "compression": "gzip", "compression_opts": 1})):
        with h5py.File(folder / name, "w") as file:
            file.create_dataset("w", data=floats, **options)


def noise_tables(folder, floats, longs, body):
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    table = pyarrow.table({"n": longs})
    for codec in ("none", "snappy"):
        pyarrow.parquet.write_table(table, folder / f"noise-{codec}.parquet", compression=codec)
    for codec in ("uncompressed", "lz4"):
        pyarrow.feather.write_feather(table, folder / f"noise-{codec}.feather", compression=codec)


def noise_onnx(folder, floats, longs, body):
    from onnx import TensorProto, helper

    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[len(floats)], name="w", raw_data=body)
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "tiny", [],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [len(floats)])], [tensor])
    (folder / "noise.onnx").write_bytes(helper.make_model(graph).SerializeToString())


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    if what == "write":
        write(pathlib.Path(folder))
    elif what == "noise":
        noise(pathlib.Path(folder), int(rest[-1]) if rest else 1 << 30)
    else:
        judge(pathlib.Path(folder), *rest)
