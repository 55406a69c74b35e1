#!/usr/bin/env python3
"""Writes the files of testdata/tables: small ones, of every shape that HDF5, Parquet, Arrow, Avro, LMDB and LevelDB have.

    make_tables.py FOLDER

Needs h5py 3.16, pyarrow 26, numpy 2.4 and fastavro 1.13 and what make_keyed.py names, which wrote those that are in the repository. Values are ordinary words;
`expected.json` has the names under which each must be told.
"""

import io
import json
import pathlib
import sys

import h5py
import numpy
import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet

import make_keyed
from make_keyed import NAMES, TEXTS


def hdf5_files():
    wide = h5py.string_dtype()

    def attributes(file):
        file.attrs["note"] = TEXTS[0]
        group = file.create_group("model/inner")
        group.attrs["config"] = json.dumps({"deep": {"note": TEXTS[1]}})
        group.attrs["fixed"] = numpy.bytes_(TEXTS[2])
        group.attrs["list"] = TEXTS
        return {"/attrs/note": TEXTS[0], "/model/inner/attrs/config": json.dumps({"deep": {"note": TEXTS[1]}}),
                "/model/inner/attrs/fixed": TEXTS[2], **{f"/model/inner/attrs/list[{n}]": t for n, t in enumerate(TEXTS)}}

    def many(file):
        for n in range(60):
            file.attrs[f"note{n}"] = f"{TEXTS[0]} {n}"
            file.create_dataset(f"group/set{n}", data=f"{TEXTS[1]} {n}")
        return {**{f"/attrs/note{n}": f"{TEXTS[0]} {n}" for n in range(60)},
                **{f"/group/set{n}": f"{TEXTS[1]} {n}" for n in range(60)}}

    def datasets(**options):
        def write(file):
            file.create_dataset("fixed", data=numpy.array(TEXTS, "S30"), **options)
            # References into a heap cannot have a checksum.
            file.create_dataset("any", data=TEXTS, dtype=wide, **{o: v for o, v in options.items() if o != "fletcher32"})
            rows = numpy.array([list(pair) for pair in zip(NAMES, TEXTS)], dtype="S30")
            file.create_dataset("pairs", data=rows, **options)
            record = numpy.array([(1, n.encode(), t.encode()) for n, t in zip(NAMES, TEXTS)],
                                 dtype=[("id", "i4"), ("name", "S20"), ("value", "S30")])
            file.create_dataset("table", data=record, **options)
            file.create_dataset("numbers", data=numpy.arange(600.0).reshape(20, 30), **options)
            return {**{f"/fixed[{n}]": t for n, t in enumerate(TEXTS)}, **{f"/any[{n}]": t for n, t in enumerate(TEXTS)},
                    **{f"/pairs.{n}": t for n, t in zip(NAMES, TEXTS)}, **{f"/table[{i}].{n}": t for i, (n, t) in enumerate(zip(NAMES, TEXTS))}}
        return write

    def grown(sides, limits):
        def write(file):
            texts = numpy.array([f"{TEXTS[0]} {n}" for n in range(numpy.prod(sides))], "S30").reshape(sides)
            file.create_dataset("grown", data=texts, chunks=(1,) * len(sides), maxshape=limits, compression="gzip")
            return {"/grown" + "".join(f"[{n}]" for n in at): text.decode() for at, text in numpy.ndenumerate(texts)}
        return write

    def compact(file):
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(30)
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        made = h5py.h5d.create(file.id, b"small", kind, h5py.h5s.create_simple((3,)), plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, numpy.array(TEXTS, "S30"))
        return {f"/small[{n}]": t for n, t in enumerate(TEXTS)}

    shapes = {
        "attributes": attributes, "many": many, "compact": compact, "contiguous": datasets(),
        "gzip": datasets(chunks=True, compression="gzip", shuffle=True, fletcher32=True),
        "lzf": datasets(chunks=True, compression="lzf"),
    }
    for name, write in shapes.items():
        for version in ("earliest", "latest"):
            yield f"{name}-{version}.h5", version, write
    yield "fixed-array-latest.h5", "latest", grown((40,), (40,))
    yield "grows-latest.h5", "latest", grown((40,), (None,))
    yield "grows-both-latest.h5", "latest", grown((6, 7), (None, None))
    yield "grows-earliest.h5", "earliest", grown((40,), (None,))


def table():
    return pyarrow.table({
        "id": [1, 2, 3], "name": NAMES, "value": TEXTS, "remark": [f"{text} again" for text in TEXTS],
        "deep": [{"inner": f"{text} inside"} for text in TEXTS], "list": [[f"{text} listed"] for text in TEXTS],
        "map": pyarrow.array([[(n, f"{t} mapped")] for n, t in zip(NAMES, TEXTS)], pyarrow.map_(pyarrow.string(), pyarrow.string())),
    }).replace_schema_metadata({"note": "what stands behind"})


def names_of_table():
    found = {"note": "what stands behind"}
    for column, end in (("remark", "again"), ("deep.inner", "inside"), ("list", "listed")):
        found[column] = [f"{text} {end}" for text in TEXTS]
    return {**found, **dict(zip(NAMES, TEXTS)), **{f"map.{n}": f"{t} mapped" for n, t in zip(NAMES, TEXTS)}}


def parquet_files():
    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        yield f"{codec}.parquet", dict(compression=codec)
    yield "plain-2.parquet", dict(compression="zstd", use_dictionary=False, data_page_version="2.0")
    yield "dictionary-2.parquet", dict(compression="snappy", data_page_version="2.0")
    for encoding in ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        columns = ("name", "value", "remark", "deep.inner", "list.list.element", "map.key_value.key", "map.key_value.value")
        yield f"{encoding.lower()}.parquet", dict(use_dictionary=False, column_encoding=dict.fromkeys(columns, encoding))


def avro_files():
    import fastavro

    def field(name, kind):
        return {"name": name, "type": kind}

    inner = {"type": "record", "name": "Inner", "fields": [field("inner", "string"), field("next", ["null", "Inner"])]}
    schema = fastavro.parse_schema({"type": "record", "name": "ours.Row", "fields": [
        field("value", "string"), field("id", "long"), field("name", "string"), field("remark", ["null", "string"]), field("deep", inner),
        field("list", {"type": "array", "items": "string"}), field("map", {"type": "map", "values": ["int", "string"]}),
        field("kind", {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}), field("rate", "double"), field("flag", "boolean"),
        field("fixed", {"type": "fixed", "name": "Fixed", "size": 22}), field("bytes", "bytes")]})
    rows = [{
        "id": n, "name": name, "value": text, "remark": f"{text} again" if n else None, "rate": 0.5, "flag": True, "kind": "B",
        "deep": {"inner": f"{text} inside", "next": {"inner": f"{text} deeper", "next": None}}, "list": [f"{text} listed", f"{text} last"],
        "map": {name: f"{text} mapped", "none": n}, "fixed": f"{text:.15} fixed!".encode(), "bytes": f"{text} in bytes".encode(),
    } for n, (name, text) in enumerate(zip(NAMES, TEXTS))]
    names = {"note": "what stands before", "remark": [f"{text} again" for text in TEXTS[1:]], **dict(zip(NAMES, TEXTS))}
    for name, end in (("deep.inner", "inside"), ("deep.next.inner", "deeper"), ("list[0]", "listed"), ("list[1]", "last"), ("bytes", "in bytes")):
        names[name] = [f"{text} {end}" for text in TEXTS]
    names.update({f"map.{name}": f"{text} mapped" for name, text in zip(NAMES, TEXTS)}, fixed=[f"{text:.15} fixed!" for text in TEXTS])
    for codec in ("null", "deflate", "snappy", "bzip2", "xz", "zstandard"):
        out = io.BytesIO()
        fastavro.writer(out, schema, rows, codec=codec, metadata={"note": "what stands before"}, sync_interval=100)
        yield f"{codec}.avro", out.getvalue(), names


def samples(folder):
    """One text each, as long as the line that the hostile suite puts in its place."""
    text = "PLACEHOLDER".ljust(49, "_")
    with h5py.File(folder / "sample.h5", "w", libver="latest") as file:
        file.attrs["note"] = numpy.bytes_(text)
    one = pyarrow.table({"note": [text]})
    pyarrow.parquet.write_table(one, folder / "sample.parquet", compression="none", use_dictionary=False, write_statistics=False, store_schema=False)
    pyarrow.feather.write_feather(one, folder / "sample.arrow", compression="uncompressed")
    pyarrow.feather.write_feather(one, folder / "sample.feather", version=1)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, version, write in hdf5_files():
        with h5py.File(folder / name, "w", libver=version, track_order=False) as file:
            expected[name] = write(file)
    for name, options in parquet_files():
        pyarrow.parquet.write_table(table(), folder / name, **options)
        expected[name] = names_of_table()
    plain = pyarrow.table({"id": [1, 2, 3], "name": NAMES, "value": TEXTS})
    for codec in ("uncompressed", "lz4", "zstd"):
        name = f"{codec}.feather"
        pyarrow.feather.write_feather(table(), folder / name, compression=codec)
        expected[name] = names_of_table()
    pyarrow.feather.write_feather(plain, folder / "first.feather", version=1)
    expected["first.feather"] = dict(zip(NAMES, TEXTS))
    encoded = plain.set_column(1, "name", plain["name"].dictionary_encode()).set_column(2, "value", plain["value"].dictionary_encode())
    views = plain.set_column(2, "value", plain["value"].cast(pyarrow.string_view()))
    for name, what in (("stream.arrows", plain), ("dictionaries.arrows", encoded), ("views.arrows", views)):
        with pyarrow.ipc.new_stream(folder / name, what.schema) as out:
            out.write_table(what)
        expected[name] = dict(zip(NAMES, TEXTS))
    for family in (avro_files, *make_keyed.FAMILIES):
        for name, body, names in family():
            (folder / name).write_bytes(body)
            expected[name] = names
    samples(folder)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


main()
