#!/usr/bin/env python3
"""Measures recall and false alarms on real sources, with credentials that are random but stand as people wrote them.

    rewritten.py make TREES FOLDER          # copies of files with a literal credential, each value rewritten; FOLDER/truth.json
    rewritten.py recall FOLDER --bin PATH   # scans them and prints what was found, by class and length of the value
    rewritten.py sample TREES --bin PATH    # scans the sources as they are and prints incidents at random, to be judged by hand

TREES is a folder of sources of any kind, such as unpacked source packages. A literal that stands behind the name of a
password, token, secret or key is taken for a credential, unless it is a word that names or describes one; its letters and
digits are replaced by random ones of their class, the same for the same value in a file. So the notation, the name and what
stands around are real, and the value is one that nobody can know. Part of what is taken for a credential is none (names of
fields, texts for people), which no scan should find: recall here compares builds, it is no figure to quote.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import string
import subprocess

NAMED = re.compile(
    r"""(?i)(?P<name>[\w.\-]{0,30}?(?:password\d?|passwd|pwd|passphrase|passcode|pass|secret|secret_?key|access_?key|token|"""
    r"""api_?key|auth_?key|private_?key))["'\]\)]{0,3}\s{0,3}(?:=>|:=|==|=|:)\s{0,3}(?:new \w{1,30}\()?(?P<quote>["'])"""
    r"""(?P<value>[A-Za-z0-9!@#^&*_+.\-]{4,60})(?P=quote)"""
)
# Most lines have none of these, and this is asked a hundred times as fast.
HINT = re.compile("pass|pwd|secret|token|key", re.IGNORECASE)
# Words that a literal behind such a name mostly is where it is no credential.
DULL = re.compile(
    r"(?i:bearer|basic|none|null|true|false|text|string|boolean|number|integer|password|passwd|token|secret|key|keyword.*"
    r"|example|hidden|required|optional|default|user.?name|x+|\*+|varchar|char|object|array|function|input|field|label|name"
    r"|value|.*\.(?:py|js|php|pem|txt|json|html|rb|key|crt|conf|yml|c|h|sql)|.*[_.-](?:password|passwd|token|secret|key|id|"
    r"name|auth)|auth.*|pass(?:word|wd)?[_.-].*|(?:secret|token|key|auth)[_.-].*|(?:https?|urn|xs|x)[:-].*|.*your.*)"
    r"|[A-Z]+(?:_[A-Z]+)+|[a-z]+(?:\.[a-z]+)+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:[_-][a-z]+)+"
)
CLASSES = (("upper", string.ascii_uppercase), ("lower", string.ascii_lowercase), ("digit", string.digits))
# Texts for people, and files that are generated or long.
SKIPPED = re.compile(r"/(?:locale|localization|i18n|languages?|po)/|\.(?:po|mo|lang|svg|css|html|map)$|\.min\.")
LONGEST_FILE, LONGEST_LINE = 300_000, 300


def is_credential(found):
    name, value = found["name"].lower(), found["value"]
    if DULL.fullmatch(value):
        return False
    mixed = re.search("[0-9]", value) and re.search("[A-Za-z]", value)
    return bool(mixed or "pass" in name or "pwd" in name)


def rewritten(rng, value):
    alphabet = lambda c: next((all_ for _, all_ in CLASSES if c in all_), c)
    return "".join(rng.choice(alphabet(c)) for c in value)


def make(trees, folder):
    rng, truth = random.Random(1), []
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted(trees.rglob("*")):
        if SKIPPED.search(str(path)) or path.is_symlink() or not path.is_file() or path.stat().st_size > LONGEST_FILE:
            continue
        lines, values, name = path.read_text("latin-1").split("\n"), {}, str(path.relative_to(trees))
        for number, line in enumerate(lines):
            found = NAMED.search(line) if len(line) <= LONGEST_LINE and HINT.search(line) else None
            if found and is_credential(found):
                value = values.setdefault(found["value"], rewritten(rng, found["value"]))
                lines[number] = line[: found.start("value")] + value + line[found.end("value") :]
                truth.append({"path": name, "line": number + 1, "value": value})
        if values:
            copy = folder / "files" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("\n".join(lines), "latin-1")
    (folder / "truth.json").write_text(json.dumps(truth))
    print(f"{len(truth)} values in {len({row['path'] for row in truth})} files")


def incidents(program, target):
    command = [program, "scan", str(target), "--format", "json", "--show-secrets"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout)["incidents"]


def kind(value):
    has = [name for name, all_ in CLASSES if set(value) & set(all_)]
    signs = ["sign"] if re.search("[^A-Za-z0-9]", value) else []
    length = "to 7" if len(value) < 8 else "8 to 15" if len(value) < 16 else "16 up"
    return " ".join(has + signs), length


def recall(folder, program):
    truth, best = json.loads((folder / "truth.json").read_text()), collections.Counter()
    rank = {"low": 1, "medium": 2, "high": 3}
    for incident in incidents(program, folder / "files"):
        for place in incident["findings"]:
            at = (place["path"], place["line"])
            best[at] = max(best[at], rank[incident["confidence"]])
    rows = collections.defaultdict(list)
    for row in truth:
        for key in (kind(row["value"]), ("all", "")):
            rows[key].append(best[row["path"], row["line"]])
    for (classes, length), found in sorted(rows.items()):
        share = lambda least: sum(rank >= least for rank in found) / len(found)
        print(f"{classes:24} {length:8} {len(found):6}  any {share(1):.2f}  default {share(2):.2f}")


def sample(trees, program, count):
    every = [incident for incident in incidents(program, trees) if incident["disposition"] == "actionable"]
    print(collections.Counter(incident["confidence"] for incident in every))
    random.Random(count).shuffle(every)
    for incident in every[:count]:
        place = incident["findings"][0]
        print(incident["confidence"], incident["rule"], f"{place['path']}:{place['line']}", incident["secret"][:60], sep="  ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "recall", "sample"))
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--bin", default="target/release/watertight")
    parser.add_argument("--count", type=int, default=100)
    given = parser.parse_args()
    match given.what:
        case "make":
            make(*given.folders)
        case "recall":
            recall(given.folders[0], given.bin)
        case "sample":
            sample(given.folders[0], given.bin, given.count)


if __name__ == "__main__":
    main()
