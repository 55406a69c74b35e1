"""Measures `watertight scan` of a checkpoint of some gigabytes against `cat` of the same file.

    checkpoint.py [--bytes N] [--dense] [--rounds N] PROGRAM FOLDER

Writes into FOLDER, unless they are there, a safetensors file and a PyTorch zip with N bytes of weights (4 GiB) and a
token in what stands beside them. Weights are zeros that take no room on disk; with --dense, random bytes that do.
Both programs run in turns over a file that is in the page cache, and their output goes nowhere; the ratio is the median
of the rounds' ratios. Fails if the token is not found, or anything else is.
"""

import argparse
import json
import os
import pathlib
import pickle
import statistics
import struct
import subprocess
import sys
import zlib

from compare import run
from real_image import crc_token

CHUNK = 1 << 20


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bytes", type=int, default=4 << 30)
    arguments.add_argument("--dense", action="store_true")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("folder", type=pathlib.Path)
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for write, suffix in ((safetensors, "safetensors"), (torch_zip, "pt")):
        path = given.folder / f"{'dense' if given.dense else 'sparse'}-{given.bytes}.{suffix}"
        if not path.exists():
            with open(path, "wb") as file:
                write(file, given.bytes, given.dense)
        check(given.program.resolve(), path)
        compare(given.program.resolve(), path, given.rounds)


def compare(program, path, rounds):
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
    ours, cat = [], []
    for _ in range(rounds):
        ours.append(run([program, "scan", path], 1))
        cat.append(run(["cat", path], 0))
    ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, cat))
    wall, plain = (statistics.median(one[0] for one in results) for results in (ours, cat))
    print(f"{path.name}: {wall:.2f} s, cat {plain:.2f} s, ratio {ratio:.2f}, peak {max(one[2] for one in ours):.0f} MiB")


def check(program, path):
    """One finding: the planted token."""
    done = subprocess.run([program, "scan", path, "--format", "json"], stdout=subprocess.PIPE, check=False)
    rules = [incident["rule"] for incident in json.loads(done.stdout)["incidents"]]
    if rules != ["github-personal-access-token"]:
        sys.exit(f"{path}: found {rules}, not the one token")


def weights(file, size, dense):
    """Writes them, and returns their checksum."""
    sum_ = 0
    for at in range(0, size, CHUNK):
        chunk = os.urandom(min(CHUNK, size - at)) if dense else bytes(min(CHUNK, size - at))
        sum_ = zlib.crc32(chunk, sum_)
        if dense:
            file.write(chunk)
    if not dense:
        file.seek(size, os.SEEK_CUR)
        file.truncate()
    return sum_


def safetensors(file, size, dense):
    tensor = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {"source": crc_token("ghp_")}, "w": tensor}).encode()
    file.write(struct.pack("<Q", len(header)) + header)
    weights(file, size, dense)


def torch_zip(file, size, dense):
    """Stored entries with sizes of 64 bits, as PyTorch writes them (APPNOTE.TXT 4.3)."""
    entries = []
    for name, body in (("m/data.pkl", pickle.dumps({"source": crc_token("ghp_")}, 2)), ("m/data/0", None), ("m/version", b"3\n")):
        offset, length = file.tell(), size if body is None else len(body)
        start = len(name) + 50
        file.seek(start, os.SEEK_CUR)
        sum_ = weights(file, size, dense) if body is None else (file.write(body), zlib.crc32(body))[1]
        end = file.tell()
        file.seek(offset)
        extra = struct.pack("<HHQQ", 1, 16, length, length)
        file.write(struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, 0, 0, sum_, 2**32 - 1, 2**32 - 1, len(name), len(extra)) + name.encode() + extra)
        assert file.tell() == offset + start
        file.seek(end)
        entries.append((name.encode(), length, sum_, offset))
    directory = file.tell()
    for name, length, sum_, offset in entries:
        extra = struct.pack("<HHQQQ", 1, 24, length, length, offset)
        fields = (b"PK\1\2", 45, 45, 0, 0, 0, 0, sum_, 2**32 - 1, 2**32 - 1, len(name), len(extra), 0, 0, 0, 0, 2**32 - 1)
        file.write(struct.pack("<4s6H3I5H2I", *fields) + name + extra)
    end = file.tell()
    file.write(struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, len(entries), len(entries), end - directory, directory))
    file.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
    file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(entries), len(entries), 2**32 - 1, 2**32 - 1, 0))


if __name__ == "__main__":
    main()
