"""The formats of `make_models.py` that are no pickles: tables, weights, trees, programs, databases, archives.

Each family yields names of files and what makes one of values; a library that is missing leaves its family out.
"""

import bz2
import functools
import gzip
import io
import json
import lzma
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib


def filled(write, suffix=""):
    """What `write` puts into the file whose path it gets."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"file{suffix}"
        write(path)
        return path.read_bytes()


def nested(values):
    return {"model": "tiny", "layers": [1, 2, 3], "config": {"db": dict(values), "epochs": 10}}


def with_h5py():
    import h5py
    import numpy

    def made(write, **options):
        def make(values):
            def saved(path):
                with h5py.File(path, "w", **options) as file:
                    file.create_dataset("weights/kernel", data=numpy.ones((40, 30), "f4"))
                    write(file, values)
            return filled(saved, ".h5")
        return make

    def attributes(file, values):
        file.create_group("model").attrs.update(values)

    def keras_legacy(file, values):
        file.attrs["keras_version"], file.attrs["backend"] = b"2.4.0", b"tensorflow"
        layers = [{"class_name": "Dense", "config": {"name": "dense", "units": 3, **values}}]
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": layers}}).encode()

    def scalars(file, values):
        for name, value in values.items():
            file.create_dataset(f"config/{name}", data=value)

    def rows(file, values, **options):
        file.create_dataset("config", data=numpy.array([list(pair) for pair in values.items()], "S200"), **options)

    def table(file, values, **options):
        kind = [("id", "i4"), ("name", "S40"), ("value", "S200")]
        data = [(n, *(text.encode() for text in pair)) for n, pair in enumerate(values.items())]
        file.create_dataset("config", data=numpy.array(data, kind), chunks=True, **options)

    def columns(file, values):
        for name, value in values.items():
            file.create_dataset(name, data=["none", value], dtype=h5py.string_dtype(), chunks=(1,), compression="gzip")

    yield "attributes-old.h5", made(attributes)
    yield "attributes-new.h5", made(attributes, libver="latest")
    yield "keras-legacy.h5", made(keras_legacy)
    yield "datasets.h5", made(scalars)
    yield "datasets-new.h5", made(scalars, libver="latest")
    yield "rows.h5", made(rows)
    yield "rows-gzip.h5", made(lambda f, v: rows(f, v, compression="gzip", shuffle=True, fletcher32=True))
    yield "table-lzf.h5", made(lambda f, v: table(f, v, compression="lzf"))
    yield "table-new.h5", made(lambda f, v: table(f, v, compression="gzip", maxshape=(None,)), libver="latest")
    yield "columns-gzip.h5", made(columns)


def with_keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    @keras.saving.register_keras_serializable("ours")
    class Sends(keras.layers.Layer):
        def __init__(self, options=None, **rest):
            super().__init__(**rest)
            self.options = options

        def call(self, inputs):
            return inputs

        def get_config(self):
            return {**super().get_config(), "options": self.options}

    def model(values):
        made = keras.Sequential([keras.Input((4,)), Sends(dict(values)), keras.layers.Dense(3)])
        made(__import__("numpy").ones((1, 4)))
        return made

    yield "model.keras", lambda v: filled(model(v).save, ".keras")
    yield "keras-3.h5", lambda v: filled(model(v).save, ".h5")


def with_onnx():
    import onnx
    from onnx import TensorProto, helper

    def model(values, change):
        x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
        node = helper.make_node("Identity", ["x"], ["y"])
        made = helper.make_model(helper.make_graph([node], "tiny", [x], [y]))
        change(made, values)
        return made.SerializeToString()

    def properties(made, values):
        helper.set_model_props(made, dict(values))

    def doc(made, values):
        made.graph.doc_string = "".join(f"{name} = {value}\n" for name, value in values.items())

    def in_json(made, values):
        helper.set_model_props(made, {"config": json.dumps(nested(values))})

    def attributes(made, values):
        made.graph.node[0].attribute.extend(helper.make_attribute(name, value) for name, value in values.items())

    yield "properties.onnx", lambda v: model(v, properties)
    yield "doc.onnx", lambda v: model(v, doc)
    yield "json.onnx", lambda v: model(v, in_json)
    yield "attributes.onnx", lambda v: model(v, attributes)


def with_safetensors():
    import numpy
    from safetensors.numpy import save

    yield "metadata.safetensors", lambda v: save({"w": numpy.ones(64, "f4")}, metadata=dict(v))
    yield "json.safetensors", lambda v: save({"w": numpy.ones(64, "f4")}, metadata={"config": json.dumps(nested(v))})


def with_gguf():
    import gguf
    import numpy

    def model(values, add):
        def write(path):
            writer = gguf.GGUFWriter(path, "llama")
            add(writer, values)
            writer.add_tensor("w", numpy.ones(64, "f4"))
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
        return filled(write, ".gguf")

    def keys(writer, values):
        for name, value in values.items():
            writer.add_string(f"ours.{name}", value)

    yield "keys.gguf", lambda v: model(v, keys)
    yield "json.gguf", lambda v: model(v, lambda writer, values: writer.add_string("general.config", json.dumps(nested(values))))
    yield "lines.gguf", lambda v: model(v, lambda writer, values: writer.add_array("ours.env", [f"{n}={x}" for n, x in values.items()]))


def with_pyarrow():
    import pyarrow
    import pyarrow.feather
    import pyarrow.ipc
    import pyarrow.parquet

    def wide(values):
        return pyarrow.table({"n": [1, 2], **{name: ["", value] for name, value in values.items()}})

    def rows(values):
        return pyarrow.table({"id": range(len(values)), "name": list(values), "value": list(values.values())})

    def deep(values):
        return pyarrow.table({"config": [{"db": dict(values)}]})

    def mapped(values):
        kind = pyarrow.map_(pyarrow.string(), pyarrow.string())
        return pyarrow.table({"config": pyarrow.array([list(values.items())], kind)})

    def about(values):
        return pyarrow.table({"n": range(1000)}).replace_schema_metadata(dict(values))

    def field(values):
        kind = pyarrow.field("n", pyarrow.int64(), metadata=dict(values))
        return pyarrow.table([pyarrow.array(range(1000))], schema=pyarrow.schema([kind]))

    def in_json(values):
        return pyarrow.table({"config": [json.dumps(nested(values))]})

    def words(values):
        table = rows(values)
        return table.set_column(1, "name", table["name"].dictionary_encode()).set_column(2, "value", table["value"].dictionary_encode())

    def parquet(of, **options):
        def make(values):
            out = io.BytesIO()
            pyarrow.parquet.write_table(of(values), out, **options)
            return out.getvalue()
        return make

    def ipc(of, opened, **options):
        def make(values):
            table, out = of(values), io.BytesIO()
            with opened(out, table.schema, options=pyarrow.ipc.IpcWriteOptions(**options)) as writer:
                writer.write_table(table)
            return out.getvalue()
        return make

    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        yield f"wide-{codec}.parquet", parquet(wide, compression=codec)
        yield f"rows-{codec}.parquet", parquet(rows, compression=codec)
    yield "rows-plain.parquet", parquet(rows, compression="zstd", use_dictionary=False, data_page_version="2.0")
    yield "rows-delta.parquet", parquet(rows, compression="gzip", use_dictionary=False, column_encoding={"name": "DELTA_BYTE_ARRAY", "value": "DELTA_LENGTH_BYTE_ARRAY"})
    yield "rows-index.parquet", parquet(rows, compression="zstd", write_page_index=True)
    for label, of in (("deep", deep), ("map", mapped), ("about", about), ("field", field), ("json", in_json)):
        yield f"{label}.parquet", parquet(of, compression="zstd")
        yield f"{label}.arrow", ipc(of, pyarrow.ipc.new_file, compression="lz4")
    for codec in (None, "lz4", "zstd"):
        yield f"wide-{codec}.arrow", ipc(wide, pyarrow.ipc.new_file, compression=codec)
        yield f"rows-{codec}.arrows", ipc(rows, pyarrow.ipc.new_stream, compression=codec)
    yield "words.arrow", ipc(words, pyarrow.ipc.new_file)

    def feather(of, **options):
        def make(values):
            out = io.BytesIO()
            pyarrow.feather.write_feather(of(values), out, **options)
            return out.getvalue()
        return make

    yield "rows.feather", feather(rows)
    yield "rows-1.feather", feather(rows, version=1)
    yield "wide-1.feather", feather(wide, version=1)


def with_orc():
    import pyarrow
    import pyarrow.orc

    def written(table, **options):
        out = io.BytesIO()
        pyarrow.orc.write_table(table, out, **options)
        return out.getvalue()

    def wide(values):
        return pyarrow.table({"n": [1, 2], **{name: ["", value] for name, value in values.items()}})

    def rows(values):
        return pyarrow.table({"id": range(len(values)), "name": list(values), "value": list(values.values())})

    for codec in ("uncompressed", "zlib", "snappy", "lz4", "zstd"):
        yield f"wide-{codec}.orc", lambda v, codec=codec: written(wide(v), compression=codec)
        yield f"rows-{codec}.orc", lambda v, codec=codec: written(rows(v), compression=codec)
    yield "words.orc", lambda v: written(rows(v), dictionary_key_size_threshold=1.0)
    yield "deep.orc", lambda v: written(pyarrow.table({"config": [{"db": dict(v)}]}))


def with_brotli():
    import brotli

    def env(values):
        return "".join(f"{name}={value}\n" for name, value in values.items()).encode()

    for quality, window in ((1, 22), (5, 18), (11, 24)):
        yield f"env-{quality}.br", lambda v, q=quality, w=window: brotli.compress(env(v), quality=q, lgwin=w)
    yield "config.json.br", lambda v: brotli.compress(json.dumps(nested(v)).encode())


def with_xgboost():
    import numpy
    import xgboost

    def model(values):
        data = xgboost.DMatrix(numpy.random.default_rng(0).random((40, 4)), label=[0, 1] * 20)
        booster = xgboost.train({"max_depth": 2}, data, num_boost_round=3)
        booster.set_attr(**values)
        return booster

    yield "xgboost.json", lambda v: filled(model(v).save_model, ".json")
    yield "xgboost.ubj", lambda v: filled(model(v).save_model, ".ubj")
    yield "xgboost.pkl", lambda v: __import__("pickle").dumps(model(v))


def with_lightgbm():
    import lightgbm
    import numpy

    def model(values, kind):
        rng = numpy.random.default_rng(0)
        booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(rng.random((60, 4)), label=rng.integers(0, 2, 60)), 3)
        text = booster.model_to_string()
        if kind == "text":
            # What a pipeline notes behind the trees, where LightGBM has its own parameters in the same shape.
            return text.replace("parameters:\n", "parameters:\n" + "".join(f"[{n}: {x}]\n" for n, x in values.items())).encode()
        booster.pandas_categorical = [nested(values)]
        return __import__("pickle").dumps({"booster": booster, "config": dict(values)})

    yield "lightgbm.txt", lambda v: model(v, "text")
    yield "lightgbm.pkl", lambda v: model(v, "pickle")


def with_catboost():
    import catboost

    def model(values, kind):
        made = catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False)
        made.fit([[0, 1], [1, 0], [2, 1], [3, 3]], [0, 1, 0, 1])
        for name, value in values.items():
            made.get_metadata()[name] = value
        return filled(lambda path: made.save_model(str(path), format=kind), f".{kind}")

    yield "catboost.cbm", lambda v: model(v, "cbm")
    yield "catboost.json", lambda v: model(v, "json")


def pythons():
    """Names of Pythons, with what compiles by them: a source to a file."""
    here = [(path.parent.parent.name, str(path)) for path in sorted(pathlib.Path.home().glob(".pyenv/versions/*/bin/python"))]
    for version, python in [*here, ("system", shutil.which("python3"))]:
        yield version, functools.partial(compiled_by, python)
    script = pathlib.Path(__file__).with_name("node_python.mjs")
    for folder in filter(None, os.environ.get("NODE_PYTHON", "").split(os.pathsep)):
        version = json.loads((pathlib.Path(folder) / "node_modules/pyodide/package.json").read_text())["version"]
        yield f"pyodide-{version}", lambda text, folder=folder: subprocess.run(
            ["node", script, folder], input=text.encode(), check=True, capture_output=True).stdout


def compiled_by(python, text):
    with tempfile.TemporaryDirectory() as folder:
        source, out = pathlib.Path(folder) / "config.py", pathlib.Path(folder) / "config.pyc"
        source.write_text(text)
        subprocess.run([python, "-c", f"import py_compile; py_compile.compile({str(source)!r}, {str(out)!r}, doraise=True)"], check=True)
        return out.read_bytes()


SHAPES = {
    "assigned": lambda v: "".join(f"{n.upper()} = {x!r}\n" for n, x in v.items()),
    "display": lambda v: "CONFIG = {\n" + "".join(f"    {n!r}: {x!r},\n" for n, x in v.items()) + "}\n",
    "class": lambda v: "class Config:\n" + "".join(f"    {n} = {x!r}\n" for n, x in v.items()),
    "local": lambda v: "def load(host, user):\n" + "".join(f"    {n} = {x!r}\n" for n, x in v.items()) + "    return locals()\n",
    "defaults": lambda v: "def load(host, *, " + ", ".join(f"{n}={x!r}" for n, x in v.items()) + ", timeout: int = 30):\n    return host\n",
    "unpacked": lambda v: ", ".join(v) + " = " + ", ".join(map(repr, v.values())) + "\n",
    "called": lambda v: "import os\nclient = os.connect(\n" + "".join(f"    {n}={x!r},\n" for n, x in v.items()) + ")\n",
}


def compiled():
    for version, python in pythons():
        shapes = ("assigned",) if version.startswith("2.") else SHAPES
        for shape in shapes:
            yield f"{shape}-{version}.pyc", lambda values, python=python, shape=shape: python(SHAPES[shape](values))


def with_pyinstaller():
    import PyInstaller.__main__

    def made(where, values):
        """One file in which the script, a module of it or a file of data has the values."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            files = {"app.py": "import settings\n", "settings.py": "SIZE = 3\n", "conf.json": ""}
            files[where] += json.dumps(nested(values)) if where == "conf.json" else SHAPES["display"](values)
            for file, text in files.items():
                (folder / file).write_text(text)
            PyInstaller.__main__.run([
                "--onefile", "--log-level=ERROR", f"--add-data={folder / 'conf.json'}:.", f"--workpath={folder / 'build'}",
                f"--distpath={folder}", f"--specpath={folder}", str(folder / "app.py")])
            return (folder / "app").read_bytes()

    for where in ("app.py", "settings.py", "conf.json"):
        yield f"pyinstaller-{where}", functools.partial(made, where)


def with_xlwt():
    import xlwt

    def made(write, values):
        book = xlwt.Workbook()
        sheet = book.add_sheet("config")
        write(sheet, values)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def pairs(sheet, values):
        for row, pair in enumerate(values.items()):
            for column, text in enumerate(pair):
                sheet.write(row, column, text)

    def columns(sheet, values):
        for column, (name, value) in enumerate(values.items()):
            sheet.write(0, column, name)
            sheet.write(2000, column, value)
        for row in range(1, 2000):
            sheet.write(row, 0, f"a longer text so that the table of texts goes on, €{row}")

    yield "pairs.xls", functools.partial(made, pairs)
    yield "columns.xls", functools.partial(made, columns)


def with_sqlite():
    def database(*statements):
        def make(values):
            def write(path):
                base = sqlite3.connect(path)
                for statement, rows in statements:
                    base.executemany(statement, rows(values)) if rows else base.execute(statement)
                    base.commit()
                base.close()
            return filled(write, ".db")
        return make

    def pairs(values):
        return list(values.items())

    def columns(values):
        return [tuple(values.values())]

    names = ", ".join(secret_names())
    table = f"create table config ({names})"
    insert = f"insert into config values ({', '.join('?' * len(secret_names()))})"
    yield "settings.db", database(("create table settings (name text, value text)", None), ("insert into settings values (?, ?)", pairs))
    yield "columns.db", database((table, None), (insert, columns))
    yield "json.db", database(("create table runs (id, params text)", None), ("insert into runs values (1, ?)", lambda v: [(json.dumps(nested(v)),)]))


def secret_names():
    return ("aws_access_key_id", "aws_secret_access_key", "github_token", "openai_api_key", "hf_token", "db_password", "internal_api_key", "database_url")


def kept(write, pattern):
    """The longest file that is called so of what `write` puts into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        opened = write(folder)
        body = max(pathlib.Path(folder).glob(pattern), key=lambda path: path.stat().st_size).read_bytes()
        del opened
        return body


def with_fastavro():
    import fastavro

    def written(schema, rows, **options):
        out = io.BytesIO()
        fastavro.writer(out, fastavro.parse_schema(schema), rows, **options)
        return out.getvalue()

    def record(name, *fields):
        return {"type": "record", "name": name, "fields": [{"name": field, "type": kind} for field, kind in fields]}

    def wide(values, codec="null"):
        fields = [(name, ["null", "string"]) for name in values]
        return written(record("Row", ("n", "long"), *fields), [{"n": 1}, {"n": 2, **values}], codec=codec)

    def rows(values, codec="null"):
        kind = record("Row", ("id", "int"), ("name", "string"), ("value", "string"))
        return written(kind, [{"id": n, "name": name, "value": x} for n, (name, x) in enumerate(values.items())], codec=codec)

    def deep(values):
        inner = record("Inner", ("db", {"type": "map", "values": "string"}))
        return written(record("Row", ("config", inner)), [{"config": {"db": dict(values)}}])

    for codec in ("null", "deflate", "snappy", "bzip2", "xz", "zstandard"):
        yield f"wide-{codec}.avro", lambda v, codec=codec: wide(v, codec)
        yield f"rows-{codec}.avro", lambda v, codec=codec: rows(v, codec)
    yield "deep.avro", deep
    yield "json.avro", lambda v: written(record("Row", ("params", "string")), [{"params": json.dumps(nested(v))}])
    yield "settings.avro", lambda v: written("string", ["nothing"], metadata=dict(v))


def with_lmdb():
    import lmdb

    def made(values, deleted=False, **options):
        def write(folder):
            with lmdb.open(folder, max_dbs=2, map_size=1 << 24) as opened:
                base = opened.open_db(b"config", **options)
                with opened.begin(write=True) as writing:
                    for name, value in values.items():
                        # Of several values none may be empty.
                        writing.put(name.encode(), value.encode() or b"-", db=base)
                if deleted:
                    with opened.begin(write=True) as writing:
                        writing.drop(base, delete=False)
        return kept(write, "data.mdb")

    yield "config.mdb", made
    yield "deleted.mdb", lambda v: made(v, deleted=True)
    yield "several.mdb", lambda v: made(v, dupsort=True)
    yield "json.mdb", lambda v: made({"params": json.dumps(nested(v))})


def with_leveldb():
    import plyvel

    def made(values, pattern, **options):
        def write(folder):
            opened = plyvel.DB(folder, create_if_missing=True, **options)
            with opened.write_batch() as batch:
                # What is behind it is in another block of the log.
                batch.put(b"_https://a.example\0\1cache", b"nothing " * 9000)
                for name, value in values.items():
                    batch.put(b"_https://a.example\0\1" + name.encode(), value.encode())
            if pattern != "*.log":
                opened.compact_range()
            opened.close()
        return kept(write, pattern)

    yield "leveldb.log", lambda v: made(v, "*.log")
    yield "leveldb.ldb", lambda v: made(v, "*.ldb")
    yield "leveldb-plain.ldb", lambda v: made(v, "*.ldb", compression=None)


def with_rocksdb():
    import rocksdict

    def made(values, pattern, codec="none", version=5, **options):
        def write(folder):
            base = rocksdict.Options(raw_mode=True)
            base.set_compression_type(getattr(rocksdict.DBCompressionType, codec)())
            base.set_recycle_log_file_num(options.get("reuse", 0))
            table = rocksdict.BlockBasedOptions()
            table.set_format_version(version)
            base.set_block_based_table_factory(table)
            opened = rocksdict.Rdict(folder, base)
            batch = rocksdict.WriteBatch(raw_mode=True)
            for name, value in values.items():
                batch[f"config:{name}".encode()] = value.encode()
            opened.write(batch)
            if pattern != "*.log":
                opened.flush()
            return opened
        return kept(write, pattern)

    yield "rocksdb.log", lambda v: made(v, "*.log")
    yield "rocksdb-reused.log", lambda v: made(v, "*.log", reuse=1)
    for codec in ("none", "snappy", "lz4", "zstd"):
        for version in (5, 6):
            yield f"{codec}-{version}.sst", lambda v, codec=codec, version=version: made(v, "*.sst", codec, version)


def texts():
    """What stands beside models as text, and what holds it."""
    def env(values):
        return "".join(f"{name}={value}\n" for name, value in values.items())

    def yaml(values):
        return "flavors:\n  ours:\n    config:\n" + "".join(f"      {name}: {value!r}\n" for name, value in values.items())

    def notebook(values):
        cell = {"cell_type": "code", "source": [f"{n} = {x!r}\n" for n, x in values.items()], "metadata": {}, "outputs": [], "execution_count": 1}
        return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)

    def ubjson(values):
        def text(value):
            return b"L" + struct.pack(">q", len(value.encode())) + value.encode()
        body = b"".join(text(name)[0:] + b"S" + text(value) for name, value in values.items())
        return b"{" + text("config") + b"{" + body + b"}}"

    def spark(values):
        return json.dumps({"class": "org.apache.spark.ml.PipelineModel", "timestamp": 1, "uid": "p", "paramMap": dict(values)}) + "\n"

    yield "MLmodel", lambda v: yaml(v).encode()
    yield "notebook.ipynb", lambda v: notebook(v).encode()
    yield "bundle.js.map", lambda v: json.dumps({"version": 3, "sources": ["config.js"], "mappings": "", "names": [], "sourcesContent": [
        "export default {\n" + "".join(f"  {n}: {json.dumps(x)},\n" for n, x in v.items()) + "}\n"]}).encode()
    yield "spark/metadata/part-00000", lambda v: spark(v).encode()
    yield "config.ubj", ubjson

    def tar(values, mode):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode) as archive:
            member = tarfile.TarInfo("model/settings.ini")
            member.size = len(env(values))
            archive.addfile(member, io.BytesIO(env(values).encode()))
        return out.getvalue()

    def zipped(files, method=zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, body in files.items():
                archive.writestr(name, body)
        return out.getvalue()

    for mode in ("gz", "bz2", "xz"):
        yield f"model.tar.{mode}", lambda v, mode=mode: tar(v, f"w:{mode}")
    for label, method in (("deflated", zipfile.ZIP_DEFLATED), ("stored", zipfile.ZIP_STORED), ("lzma", zipfile.ZIP_LZMA), ("bzip2", zipfile.ZIP_BZIP2)):
        yield f"{label}.zip", lambda v, method=method: zipped({"conf/app.yaml": yaml(v)}, method)
    yield "model.mar", lambda v: zipped({"MAR-INF/MANIFEST.json": json.dumps({"model": nested(v)}), "handler.py": "pass\n"})
    yield "ours-1.0-py3-none-any.whl", lambda v: zipped({"ours/config.py": SHAPES["display"](v)})
    yield "app.war", lambda v: zipped({"WEB-INF/lib/inner.jar": zipped({"application.yaml": yaml(v)}, zipfile.ZIP_STORED)})
    yield "config.json.gz", lambda v: gzip.compress(json.dumps(nested(v)).encode())
    yield "config.json.bz2", lambda v: bz2.compress(json.dumps(nested(v)).encode())
    yield "config.json.xz", lambda v: lzma.compress(json.dumps(nested(v)).encode())
    yield "config.json.zz", lambda v: zlib.compress(json.dumps(nested(v)).encode())


def old_files():
    """What joblib 0.14, scikit-learn 0.22 and pandas 1.0 write; OLD_PYTHON names a Python that has them."""
    python = os.environ.get("OLD_PYTHON")
    if not python:
        raise ImportError("OLD_PYTHON is not set: old joblib")
    script = pathlib.Path(__file__).with_name("old_models.py")
    shapes = subprocess.run([python, script, "list"], check=True, capture_output=True, text=True).stdout.split()
    for shape in shapes:
        def make(values, shape=shape):
            return subprocess.run([python, script, shape], input=json.dumps(values).encode(), check=True, capture_output=True).stdout
        yield f"old-{shape}", make


FAMILIES = (with_h5py, with_keras, with_onnx, with_safetensors, with_gguf, with_pyarrow, with_xgboost, with_lightgbm, with_catboost,
            with_orc, with_brotli, compiled, with_pyinstaller, with_xlwt, with_sqlite, with_fastavro, with_lmdb, with_leveldb, with_rocksdb, texts, old_files)
