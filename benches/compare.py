"""Measures the whole program against `gzip -dc` and `igzip -dc` over the same layers.

    compare.py [--rounds N] PROGRAM IMAGE [TRIPLE]

IMAGE is a folder that real_image.py made; TRIPLE is one three times as large. The programs take turns, so that what
else the machine does falls on all alike; the figures are medians and their ratios. Fails if a planted secret was not
found, or if the program ends in anything but exit code 1. A peak of some 16 MiB is that of this script, from which
each program starts: less cannot be told.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("images", type=pathlib.Path, nargs="+")
    given = arguments.parse_args()
    program = given.program.resolve()
    peaks, missing = [], []
    for image in given.images:
        missing += check(program, image)
        peaks.append(compare(program, image, given.rounds))
    if len(peaks) > 1:
        print(f"peak memory, {given.images[1].name} to {given.images[0].name}: {peaks[1] / peaks[0]:.2f}")
    for line in missing:
        print(line)
    sys.exit(bool(missing))


def compare(program, image, rounds):
    layers = sorted(str(layer) for layer in (image / "layers").iterdir())
    size = json.loads((image / "planted.json").read_text())["uncompressed"]
    runs = {
        "watertight oci": [program, "scan", f"oci:{image}/oci"],
        "watertight docker": [program, "scan", f"docker-archive:{image}/docker.tar"],
        "igzip -dc": ["igzip", "-dc", *layers],
        "gzip -dc": ["gzip", "-dc", *layers],
    }
    measured = {name: [] for name in runs}
    for _ in range(rounds):
        for name, command in runs.items():
            measured[name].append(run(command, 1 if command[0] == program else 0))
    print(f"{image.name}: {size / 1e6:.0f} MB uncompressed in {len(layers)} layers, medians of {rounds} rounds")
    print(f"{'':18} {'wall s':>8} {'cpu s':>8} {'MiB/s':>8} {'peak MiB':>9} {'to igzip':>9} {'to gzip':>9}")
    wall = {name: statistics.median(one[0] for one in results) for name, results in measured.items()}
    for name, results in measured.items():
        cpu, peak = statistics.median(one[1] for one in results), max(one[2] for one in results)
        # A ratio is the median of the rounds' ratios: both sides of it ran one after the other.
        ratios = [statistics.median(a[0] / b[0] for a, b in zip(results, measured[other])) for other in ("igzip -dc", "gzip -dc")]
        print(f"{name:18} {wall[name]:8.2f} {cpu:8.2f} {size / 2**20 / wall[name]:8.0f} {peak:9.1f} {ratios[0]:9.2f} {ratios[1]:9.2f}")
    return max(one[2] for name in list(runs)[:2] for one in measured[name])


def run(command, expected):
    """Wall seconds, processor seconds and peak MiB of one command whose output goes nowhere."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    code = child.returncode = os.waitstatus_to_exitcode(status)
    if code != expected:
        sys.exit(f"{command[0]} ended in {code}, not in {expected}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def check(program, image):
    """The planted secrets that are not in the report as they should be; each is named by its place, never by value."""
    planted = json.loads((image / "planted.json").read_text())["planted"]
    missing = []
    for target in (f"oci:{image}/oci", f"docker-archive:{image}/docker.tar"):
        with tempfile.TemporaryFile() as out:
            code = subprocess.call([program, "scan", target, "--format", "json", "--show-secrets"], stdout=out)
            out.seek(0)
            if code != 1:
                sys.exit(f"{target}: the program ended in {code}, not in 1")
            report = json.load(out)
        lost = [secret for secret in planted if not found(secret, report)]
        missing += [f"not found in {target}: {secret['state']} {secret['path'] or 'in the config'} layer {secret['layer']}" for secret in lost]
        others = sum(not any(same(secret["value"], incident.get("secret")) for secret in planted) for incident in report["incidents"])
        gaps = sum(gap["scope"] == "image" for gap in report["gaps"])
        print(f"{target}: {len(planted) - len(lost)} of {len(planted)} planted secrets found; {others} other incidents, {len(report['gaps'])} gaps, {gaps} of them in the image")
    return missing


def found(secret, report):
    findings = [finding for incident in report["incidents"] if same(secret["value"], incident.get("secret")) for finding in incident["findings"]]
    return any(
        finding["state"] == secret["state"]
        and (secret["layer"] is None or (index(finding["layer"]), finding["path"], finding.get("member")) == (secret["layer"], secret["path"], secret["member"]))
        for finding in findings
    )


def index(layer):
    return layer if not isinstance(layer, dict) else layer.get("index", layer.get("layer"))


def same(planted, reported):
    """A key may be reported with or without its last line break."""
    return reported is not None and planted.strip() == reported.strip()


if __name__ == "__main__":
    main()
