"""The files of `make_tables.py` that find their values by keys: LMDB, LevelDB and RocksDB.

Each of them yields the name of a file, what makes it, and the names under which its values must be told. Needs lmdb
3.0.0, plyvel 1.5.1 and rocksdict 0.3.29.
"""

import pathlib
import tempfile

TEXTS = ["the first of the words", "the second of the words", "the third of the words"]
NAMES = ["first_name", "second_name", "third_name"]
# Longer than a page, and than a block of a log.
LONG = "many of the words, " * 300
LONGER = LONG * 7


def one_of(folder, pattern):
    """The longest file of a database that is called so."""
    return max(pathlib.Path(folder).glob(pattern), key=lambda path: path.stat().st_size).read_bytes()


def lmdb_files():
    import lmdb

    def made(write):
        with tempfile.TemporaryDirectory() as folder:
            with lmdb.open(folder, max_dbs=4, map_size=1 << 24) as opened:
                write(opened)
            return one_of(folder, "data.mdb")

    def settings(opened):
        inner = opened.open_db(b"settings")
        with opened.begin(write=True) as writing:
            writing.put(b"note", TEXTS[0].encode())
            for name, text in zip(NAMES, TEXTS):
                writing.put(name.encode(), text.encode(), db=inner)
            writing.put(b"long", LONG.encode(), db=inner)

    def rows(opened):
        with opened.begin(write=True) as writing:
            for number in range(300):
                writing.put(b"row%03d" % number, b"%s %d" % (TEXTS[1].encode(), number))

    def several(opened):
        texts, fixed = opened.open_db(b"texts", dupsort=True), opened.open_db(b"fixed", dupsort=True, dupfixed=True)
        with opened.begin(write=True) as writing:
            for number in range(300):
                for key, most in ((b"few", 3), (b"many", 300)):
                    if number < most:
                        writing.put(key, b"%s %d" % (TEXTS[0].encode(), number), db=texts)
                        writing.put(key, b"%s %03d" % (TEXTS[1].encode(), number), db=fixed)

    def deleted(opened):
        with opened.begin(write=True) as writing:
            for name, text in zip(NAMES, TEXTS):
                writing.put(name.encode(), text.encode())
        with opened.begin(write=True) as writing:
            writing.delete(NAMES[0].encode())

    yield "settings.mdb", made(settings), {
        "note": TEXTS[0], "settings.long": LONG, **{f"settings.{name}": text for name, text in zip(NAMES, TEXTS)}}
    yield "rows.mdb", made(rows), {f"row{number:03}": f"{TEXTS[1]} {number}" for number in range(300)}
    yield "several.mdb", made(several), {
        f"{base}.{key}": [f"{text} {number:{form}}" for number in range(most)]
        for base, text, form in (("texts", TEXTS[0], ""), ("fixed", TEXTS[1], "03")) for key, most in (("few", 3), ("many", 300))}
    # A page of all three that is free, and the one that is in use.
    yield "deleted.mdb", made(deleted), {NAMES[0]: [TEXTS[0]], NAMES[1]: [TEXTS[1]] * 2, NAMES[2]: [TEXTS[2]] * 2}


def leveldb_files():
    import plyvel

    def made(pattern, **options):
        with tempfile.TemporaryDirectory() as folder:
            opened = plyvel.DB(folder, create_if_missing=True, **options)
            # One batch, whose last values lie in another block than its first.
            with opened.write_batch() as batch:
                batch.put(b"a:longer", LONGER.encode())
                for name, text in zip(NAMES, TEXTS):
                    batch.put(f"a:{name}".encode(), text.encode())
            if pattern != "*.log":
                opened.compact_range()
            opened.close()
            return one_of(folder, pattern)

    named = {f"a:{name}": text for name, text in zip(NAMES, TEXTS)}
    yield "leveldb.log", made("*.log"), named
    yield "plain.ldb", made("*.ldb", compression=None), named
    yield "snappy.ldb", made("*.ldb", bloom_filter_bits=10), named


def rocksdb_files():
    import rocksdict

    def made(pattern, options):
        with tempfile.TemporaryDirectory() as folder:
            opened = rocksdict.Rdict(folder, options)
            batch = rocksdict.WriteBatch(raw_mode=True)
            batch[b"a:longer"] = LONGER.encode()
            for name, text in zip(NAMES, TEXTS):
                batch[f"a:{name}".encode()] = text.encode()
            opened.write(batch)
            if pattern == "*.log":
                return one_of(folder, pattern)
            opened.flush()
            opened.close()
            return one_of(folder, pattern)

    def options(codec="none", version=5, checksum="crc32c", reuse=0, parted=False):
        base = rocksdict.Options(raw_mode=True)
        base.set_compression_type(getattr(rocksdict.DBCompressionType, codec)())
        base.set_recycle_log_file_num(reuse)
        table = rocksdict.BlockBasedOptions()
        table.set_format_version(version)
        table.set_checksum_type(getattr(rocksdict.ChecksumType, checksum)())
        table.set_bloom_filter(10, False)
        if parted:
            table.set_index_type(rocksdict.BlockBasedIndexType.two_level_index_search())
            table.set_partition_filters(True)
            table.set_metadata_block_size(1)
            table.set_block_size(64)
        base.set_block_based_table_factory(table)
        return base

    named = {f"a:{name}": text for name, text in zip(NAMES, TEXTS)}
    yield "rocksdb.log", made("*.log", options()), named
    yield "reused.log", made("*.log", options(reuse=1)), named
    for codec in ("none", "snappy", "lz4", "zstd"):
        yield f"{codec}.sst", made("*.sst", options(codec)), named
    yield "newest.sst", made("*.sst", options("zstd", 6, "xxh3")), named
    for version in (3, 5, 6):
        yield f"parted-{version}.sst", made("*.sst", options("lz4", version, parted=True)), named


FAMILIES = (lmdb_files, leveldb_files, rocksdb_files)
