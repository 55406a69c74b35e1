#!/usr/bin/env python3
"""Writes src/detect/assign/trigrams.txt: how surprising each letter is after the two before it, in the words
of code and its comments. The text is the standard library of the Python that runs this.

Line 27*a+b, column c holds round(2 * -log2 P(c | a b)), one letter a digit ('0' + value, 0 to 42), where 0 is
the border of a word and 1 to 26 are a to z. Words weigh by the logarithm of how often they stand.
"""
import collections
import math
import pathlib
import re
import sysconfig

counts = collections.Counter()
for path in sorted(pathlib.Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
    if "site-packages" in path.parts or "test" in path.parts:
        continue
    text = path.read_text(encoding="utf-8", errors="ignore")
    for word in re.findall(r"[A-Za-z]{2,20}", text):
        for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", word):
            counts[part.lower()] += 1

table = [[[0.02] * 27 for _ in range(27)] for _ in range(27)]
for word, count in counts.items():
    weight = math.log2(1 + count)
    codes = [0, 0] + [ord(c) - 96 for c in word] + [0]
    for a, b, c in zip(codes, codes[1:], codes[2:]):
        table[a][b][c] += weight

out = pathlib.Path(__file__).parent.parent / "src/detect/assign/trigrams.txt"
out.parent.mkdir(exist_ok=True)
with out.open("w", encoding="ascii") as file:
    for a in range(27):
        for b in range(27):
            row = table[a][b]
            total = sum(row)
            # Rare pairs of letters say little of what follows: mixed with a flat guess.
            flat = 2.0
            surprise = [-math.log2((n + flat / 27) / (total + flat)) for n in row]
            file.write("".join(chr(48 + min(42, round(2 * s))) for s in surprise) + "\n")
print(len(counts), "words")
