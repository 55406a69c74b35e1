"""Pickles of every protocol, written by Python itself: `models.py FOLDER`, values as JSON on standard input.

Prints what must be found: for each file, names and which of the values stands under them.
"""

import argparse
import collections
import dataclasses
import functools
import json
import pathlib
import pickle
import sys
import types

Named = collections.namedtuple("Named", "user token host")


@dataclasses.dataclass
class Settings:
    db_password: str
    github: str


class Slotted:
    __slots__ = ("db_password", "github")


class Plain:
    pass


def slotted(values):
    made = Slotted()
    made.db_password, made.github = values["password"], values["token"]
    return made


def plain(values):
    made = Plain()
    made.db_password, made.nested = values["password"], Plain()
    made.nested.github = values["token"]
    return made


def connect(**options):
    return options


def files(values):
    """Name, value to pickle, and what is expected under which names."""
    password, token = values["password"], values["token"]
    both = {"db_password": password, "github": token}
    names = {"db_password": "password", "github": "token"}
    below = {f"config.db.{name}": kind for name, kind in names.items()}
    yield "nested", {"layers": [1, 2], "config": {"db": both}}, below
    yield "object", plain(values), {"db_password": "password", "nested.github": "token"}
    yield "slots", slotted(values), names
    yield "dataclass", Settings(password, token), names
    yield "ordered", collections.OrderedDict(both), names
    yield "default", collections.defaultdict(str, both), names
    yield "namespace", types.SimpleNamespace(**both), names
    yield "arguments", {"args": argparse.Namespace(**both)}, {f"args.{name}": kind for name, kind in names.items()}
    yield "partial", functools.partial(connect, **both), names
    yield "tuples", list(both.items()), {f"[{n}].{name}": kind for n, (name, kind) in enumerate(names.items())}
    yield "records", [{"name": n, "value": v} for n, v in both.items()], {f"[{n}].{x}": k for n, (x, k) in enumerate(names.items())}
    yield "named", Named("bob", token, "db.internal"), {"[1]": "token"}
    yield "bytes", {name: value.encode() for name, value in both.items()}, names
    # One value under several names, one key in several dicts.
    yield "shared", {"a": token, "github_token": token, "b": token}, {"github_token": "token"}
    yield "rows", [{"n": n, "db_password": None} for n in range(3)] + [{"db_password": password}], {"[3].db_password": "password"}
    yield "long", {"text": "x" * 70_000, **both}, names
    yield "inner", {"blob": pickle.dumps({"padding": "\0" * 64, **both}, protocol=4)}, names


def main():
    folder = pathlib.Path(sys.argv[1])
    values = json.load(sys.stdin)
    expected = {}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for name, value, found in files(values):
            if name == "slots" and protocol < 2:
                continue
            file = f"{name}-{protocol}"
            (folder / file).write_bytes(pickle.dumps(value, protocol=protocol))
            expected[file] = found
    json.dump(expected, sys.stdout)


main()
