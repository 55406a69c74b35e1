#!/usr/bin/env python3
"""Prints what a report says of trees in which nobody planted anything: a line for each actionable incident at the
default threshold, then the count for each disposition."""
import collections
import json
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
counts = collections.Counter()
rules = collections.Counter()
for incident in report["incidents"]:
    sure = incident["confidence"] != "low" and incident["severity"] != "info"
    kind = incident["disposition"] if sure or incident["disposition"] != "actionable" else "actionable, below the threshold"
    counts[kind] += 1
    rules[kind, incident["rule"]] += 1
    if kind == "actionable":
        finding = incident["findings"][0]
        where = finding["path"] + ("!" + finding["member"] if finding["member"] else "")
        print(f"{incident['severity']:8} {incident['rule']:36} {where}:{finding['line'] or finding['offset']} {finding['name'] or ''}")
seen = report["seen"]
print(f"\n{seen['bytes'] / 1e9:.2f} GB in {seen['files']} files and {seen['members']} members")
for kind, count in counts.most_common():
    most = ", ".join(f"{rule} {n}" for (of, rule), n in rules.most_common() if of == kind)
    print(f"{count:6} {kind}: {most}")
