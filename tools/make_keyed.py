"""The files of `make_tables.py` that find their values by keys: LevelDB and RocksDB.

Each of them yields the name of a file, what makes it, and the names under which its values must be told. Needs plyvel
1.5.1 and rocksdict 0.3.29.
"""

import pathlib
import tempfile

TEXTS = ["the first of the words", "the second of the words", "the third of the words"]
NAMES = ["first_name", "second_name", "third_name"]
# Longer than a block of a table, and than one of a log.
LONG = "many of the words, " * 300
LONGER = LONG * 7


def one_of(folder, pattern):
    """The longest file of a database that is called so."""
    return max(pathlib.Path(folder).glob(pattern), key=lambda path: path.stat().st_size).read_bytes()


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

    def options(codec="none", version=5, checksum="crc32c", reuse=0):
        base = rocksdict.Options(raw_mode=True)
        base.set_compression_type(getattr(rocksdict.DBCompressionType, codec)())
        base.set_recycle_log_file_num(reuse)
        table = rocksdict.BlockBasedOptions()
        table.set_format_version(version)
        table.set_checksum_type(getattr(rocksdict.ChecksumType, checksum)())
        table.set_bloom_filter(10, False)
        base.set_block_based_table_factory(table)
        return base

    named = {f"a:{name}": text for name, text in zip(NAMES, TEXTS)}
    yield "rocksdb.log", made("*.log", options()), named
    yield "reused.log", made("*.log", options(reuse=1)), named
    for codec in ("none", "snappy", "lz4", "zstd"):
        yield f"{codec}.sst", made("*.sst", options(codec)), named
    yield "newest.sst", made("*.sst", options("zstd", 6, "xxh3")), named


FAMILIES = (leveldb_files, rocksdb_files)
