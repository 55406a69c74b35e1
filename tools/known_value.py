#!/usr/bin/env python3
"""Prints the row of src/detect/known.rs for each value on standard input: the value itself does not go into the repository.

    printf '%s' VALUE | tools/known_value.py "where the value is published"
"""
import hashlib
import sys

for value in sys.stdin.read().splitlines():
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    print(f'    (0x{digest[:4]}_{digest[4:8]}_{digest[8:12]}_{digest[12:]}, "{" ".join(sys.argv[1:])}"),')
