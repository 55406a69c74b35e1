"""Odd tar archives, and what two other readers see in them.

    odd_tars.py FOLDER

Writes FOLDER/NAME.tar for every case below and prints one JSON document:

    {"NAME": {"tarfile": READING, "gnu": READING}, ...}
    READING = {"members": [{"name": hex, "kind": str, "size": int, "sha256": hex or null, "also": [hex, ...]}, ...], "error": str or null}

`tarfile` is Python's module, `gnu` is GNU tar. Kinds are file, directory, hardlink, symlink, special; only files have
a digest. `also` holds digests of the same file with its holes left out. Headers are put together by hand, since the archives worth trying are those that no program writes.
"""

import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ZERO = bytes(512)
END = ZERO * 2
USTAR, GNU, V7 = b"ustar\x0000", b"ustar  \x00", bytes(8)


def header(name, size=0, kind=b"0", magic=USTAR, link=b"", mode=b"0000644\0", prefix=b"", size_field=None, sum_field=None, signed=False, devices=b"0000000\0" * 2, tail=b""):
    """One header block. `size_field` and `sum_field` replace what would be computed."""
    field = size_field if size_field is not None else b"%011o\0" % size
    rest = magic + b"root".ljust(32, b"\0") * 2 + devices + (prefix.ljust(155, b"\0") if not tail else tail)
    if magic == V7:
        rest = b""
    block = (name.ljust(100, b"\0")[:100] + mode + b"0000000\0" * 2 + field.ljust(12, b"\0")[:12] + b"14712345670\0"
             + b" " * 8 + kind + link.ljust(100, b"\0")[:100] + rest).ljust(512, b"\0")[:512]
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in block)
    return block[:148] + (sum_field or b"%06o\0 " % total) + block[156:]


def padded(body):
    return body + bytes(-len(body) % 512)


def file(name, body=b"", **more):
    return header(name, len(body), **more) + padded(body)


def pax(records, kind=b"x", name=b"PaxHeaders/x"):
    body = b"".join(record(key, value) for key, value in records)
    return header(name, len(body), kind=kind) + padded(body)


def record(key, value):
    length = len(key) + len(value) + 3
    while len(b"%d" % (length + 0)) + len(key) + len(value) + 3 != length:
        length = len(b"%d" % length) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


def long(name, kind=b"L"):
    return header(b"././@LongLink", len(name) + 1, kind=kind, magic=GNU) + padded(name + b"\0")


def base256(value, width=12):
    return bytes([0x80]) + value.to_bytes(width - 1, "big")


def sparse_old(extended):
    """GNU's old sparse form: four chunks in the header, more in blocks behind it."""
    chunks = [(index * 2048, 512) for index in range(6 if extended else 2)]
    data = b"".join(bytes([65 + index]) * 512 for index in range(len(chunks)))
    number = lambda value: b"%011o\0" % value
    slots = [number(at) + number(length) for at, length in chunks]
    real = chunks[-1][0] + 2048
    inline = b"".join(slots[:4]).ljust(96, b"\0")
    tail = bytes(12) + bytes(12) + bytes(12) + bytes(4) + bytes(1) + inline + (b"\1" if extended else b"\0") + number(real)
    more = (b"".join(slots[4:]).ljust(504, b"\0") + bytes(8)) if extended else b""
    return header(b"sparse", len(data), kind=b"S", magic=GNU, tail=tail) + more + data


def sparse_pax(version):
    data = b"A" * 512 + b"B" * 512
    entries = [(0, 512), (4096, 512)]
    real = b"8192"
    if version == b"0.0":
        records = [(b"GNU.sparse.size", real), (b"GNU.sparse.numblocks", b"2")]
        for at, length in entries:
            records += [(b"GNU.sparse.offset", b"%d" % at), (b"GNU.sparse.numbytes", b"%d" % length)]
        return pax(records) + file(b"sparse", data)
    if version == b"0.1":
        flat = b",".join(b"%d,%d" % entry for entry in entries)
        records = [(b"GNU.sparse.size", real), (b"GNU.sparse.numblocks", b"2"), (b"GNU.sparse.name", b"sparse"), (b"GNU.sparse.map", flat)]
        return pax(records) + file(b"GNUSparseFile.0/sparse", data)
    table = padded(b"2\n" + b"".join(b"%d\n%d\n" % entry for entry in entries))
    records = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"sparse"), (b"GNU.sparse.realsize", real)]
    return pax(records) + file(b"GNUSparseFile.0/sparse", table + data)


A, B, C = b"alpha\n" * 10, b"beta\n" * 200, b"gamma\n"
LONG = b"deep/" * 60 + b"leaf"
AFTER = file(b"after", C)
BAD = b"\xa5" * 512


def cases():
    plain = lambda *parts: b"".join(parts) + END
    yield "v7", plain(file(b"a", A, magic=V7, kind=b"\0"), file(b"b", B, magic=V7, kind=b"0"))
    yield "v7-directory-by-slash", plain(header(b"d/", magic=V7, kind=b"\0"), file(b"d/a", A, magic=V7, kind=b"\0"))
    yield "ustar-prefix", plain(file(b"leaf", A, prefix=b"some/long/prefix"), AFTER)
    yield "ustar-name-of-100", plain(file(b"n" * 100, A, prefix=b"p" * 155), AFTER)
    yield "gnu-magic-with-times-where-the-prefix-is", plain(file(b"a", A, magic=GNU, tail=b"14712345670\0" * 2), AFTER)
    yield "gnu-long-name", plain(long(LONG), file(LONG[:100], A, magic=GNU), AFTER)
    yield "gnu-long-name-without-nul", plain(header(b"././@LongLink", len(LONG), kind=b"L", magic=GNU), padded(LONG), file(b"x", A, magic=GNU), AFTER)
    yield "gnu-long-link", plain(long(LONG, b"K"), header(b"link", kind=b"2", magic=GNU, link=b"x"), AFTER)
    yield "gnu-long-name-and-link", plain(long(LONG, b"K"), long(LONG + b"2"), header(b"link", kind=b"2", magic=GNU), AFTER)
    yield "gnu-long-name-twice", plain(long(b"first/" * 30), long(b"second/" * 30 + b"x"), file(b"x", A, magic=GNU), AFTER)
    yield "pax-path", plain(pax([(b"path", LONG)]), file(b"short", A), AFTER)
    yield "pax-path-not-utf-8", plain(pax([(b"hdrcharset", b"BINARY"), (b"path", b"k\xe4se")]), file(b"short", A), AFTER)
    yield "pax-linkpath", plain(pax([(b"linkpath", LONG)]), header(b"link", kind=b"2", link=b"x"), AFTER)
    yield "pax-size", plain(pax([(b"size", b"%d" % len(A))]), header(b"a", 0), padded(A), AFTER)
    yield "pax-size-smaller-than-the-header", plain(pax([(b"size", b"6")]), header(b"a", 1024), padded(C), AFTER)
    yield "pax-size-larger-than-the-header", plain(pax([(b"size", b"1024")]), header(b"a", 6), file(b"hidden", A), AFTER)
    yield "pax-size-before-a-directory", plain(pax([(b"size", b"512")]), header(b"d/", kind=b"5"), AFTER)
    yield "pax-size-then-long-name", plain(pax([(b"size", b"1024")]), long(b"name"), header(b"x", 0, magic=GNU), file(b"hidden", A), AFTER)
    yield "pax-two-in-a-row", plain(pax([(b"path", b"first")]), pax([(b"path", b"second")]), file(b"x", A), AFTER)
    yield "pax-path-and-long-name", plain(pax([(b"path", b"from-pax")]), long(b"from-long"), file(b"x", A, magic=GNU), AFTER)
    yield "pax-repeated-key", plain(pax([(b"path", b"first"), (b"path", b"last")]), file(b"x", A), AFTER)
    yield "pax-global", plain(pax([(b"comment", b"0123")], b"g"), file(b"a", A), AFTER)
    yield "pax-global-path", plain(pax([(b"path", b"all")], b"g"), file(b"a", A), AFTER)
    yield "pax-global-then-local", plain(pax([(b"path", b"all")], b"g"), pax([(b"path", b"one")]), file(b"a", A), AFTER)
    yield "pax-empty-value", plain(pax([(b"path", b"")]), file(b"a", A), AFTER)
    yield "pax-no-records", plain(header(b"x", 0, kind=b"x"), file(b"a", A), AFTER)
    yield "pax-record-of-length-zero", plain(file(b"x", b"0 path=b\n", kind=b"x"), file(b"a", A), AFTER)
    yield "pax-record-longer-than-the-body", plain(file(b"x", b"999 path=b\n", kind=b"x"), file(b"a", A), AFTER)
    yield "pax-record-without-equals", plain(file(b"x", b"10 pathab\n", kind=b"x"), file(b"a", A), AFTER)
    yield "pax-record-with-newline-in-the-value", plain(pax([(b"comment", b"a\n20 path=evil\n"), (b"path", b"good")]), file(b"a", A), AFTER)
    yield "pax-records-past-a-megabyte", plain(pax([(b"comment", b"z" * 1_500_000), (b"path", b"good")]), file(b"a", A), AFTER)
    yield "pax-at-the-end", plain(file(b"a", A), pax([(b"path", b"nothing")]))
    yield "solaris-extended", plain(pax([(b"path", b"solaris")], b"X"), file(b"a", A), AFTER)
    yield "sparse-old", plain(sparse_old(False), AFTER)
    yield "sparse-old-extended", plain(sparse_old(True), AFTER)
    yield "sparse-0.0", plain(sparse_pax(b"0.0"), AFTER)
    yield "sparse-0.1", plain(sparse_pax(b"0.1"), AFTER)
    yield "sparse-1.0", plain(sparse_pax(b"1.0"), AFTER)
    yield "hard-link", plain(file(b"a", A), header(b"b", kind=b"1", link=b"a"), AFTER)
    yield "hard-link-that-says-a-size", plain(file(b"a", A), header(b"b", len(A), kind=b"1", link=b"a"), AFTER)
    yield "hard-link-with-a-body", plain(file(b"a", A), file(b"b", B, kind=b"1", link=b"a"), AFTER)
    yield "hard-link-with-a-body-by-pax", plain(file(b"a", A), pax([(b"size", b"%d" % len(B))]), header(b"b", kind=b"1", link=b"a"), padded(B), AFTER)
    yield "symlink", plain(header(b"l", kind=b"2", link=b"/etc/passwd"), AFTER)
    yield "symlink-with-a-body", plain(file(b"l", B, kind=b"2", link=b"x"), AFTER)
    yield "devices-and-fifo", plain(header(b"c", kind=b"3"), header(b"b", kind=b"4"), header(b"p", kind=b"6"), AFTER)
    yield "directory-with-a-body", plain(file(b"d/", B, kind=b"5"), AFTER)
    yield "file-with-a-slash-at-the-end", plain(file(b"f/", A), AFTER)
    yield "contiguous", plain(file(b"a", A, kind=b"7"), AFTER)
    yield "unknown-kind", plain(file(b"a", A, kind=b"Z"), file(b"b", B, kind=b"8"), AFTER)
    yield "unknown-kind-with-high-bit", plain(file(b"a", A, kind=b"\xf3"), AFTER)
    yield "dump-directory", plain(file(b"d/", b"Ya\0\0", kind=b"D", magic=GNU), AFTER)
    yield "volume-label", plain(header(b"label", kind=b"V", magic=GNU), file(b"a", A, magic=GNU), AFTER)
    yield "continued-volume", plain(file(b"a", A, kind=b"M", magic=GNU), AFTER)
    yield "repeated-names", plain(file(b"a", A), file(b"a", B), file(b"a", C))
    yield "dot-slash", plain(header(b"./", kind=b"5"), file(b"./a", A), AFTER)
    yield "absolute", plain(file(b"/etc/a", A), AFTER)
    yield "dot-dot", plain(file(b"../../a", A), file(b"x/../b", B), AFTER)
    yield "name-not-utf-8", plain(file(b"k\xe4se\xff", A), AFTER)
    yield "name-with-newline-and-escape", plain(file(b"a\nb\x1b[31m\\\"", A), AFTER)
    yield "name-with-spaces-at-its-ends", plain(file(b" a ", A), AFTER)
    yield "name-empty", plain(file(b"", A), AFTER)
    yield "name-behind-a-nul", plain(file(b"a\0hidden", A), AFTER)
    yield "size-base-256", plain(header(b"a", size_field=base256(len(A))) + padded(A), AFTER)
    yield "size-base-256-negative", plain(header(b"a", size_field=b"\xff" * 12), AFTER)
    yield "size-octal-with-spaces-before", plain(header(b"a", size_field=b"%11o " % len(A)) + padded(A), AFTER)
    yield "size-octal-without-end", plain(header(b"a", size_field=b"%012o" % len(A)) + padded(A), AFTER)
    yield "size-octal-with-space-after", plain(header(b"a", size_field=b"%o " % len(A)) + padded(A), AFTER)
    yield "size-of-no-digits", plain(header(b"a", size_field=b"zzzzzzzzzzz\0"), AFTER)
    yield "size-empty", plain(header(b"a", size_field=bytes(12)), AFTER)
    yield "size-past-the-end", header(b"a", 1 << 30) + padded(A)
    yield "sum-with-signed-bytes", plain(file(b"k\xe4se\xff", A, signed=True), AFTER)
    yield "sum-with-leading-spaces", plain(file(b"a", A), spaced_sum(file(b"b", B)), AFTER)
    yield "no-end", file(b"a", A) + AFTER
    yield "one-zero-block", file(b"a", A) + AFTER + ZERO
    yield "zero-block-between", plain(file(b"a", A), ZERO, AFTER)
    yield "concatenated", plain(file(b"a", A)) + plain(file(b"b", B))
    yield "garbage-after-the-end", plain(file(b"a", A)) + b"trailing text" * 99
    yield "garbage-in-place-of-a-header", plain(file(b"a", A), BAD, AFTER)
    yield "header-damaged", plain(file(b"a", A), damaged(file(b"b", B)), AFTER)
    yield "first-header-damaged", plain(file(b"0", C), damaged(file(b"a", A)), file(b"b", B), AFTER)
    yield "cut-in-a-body", (file(b"a", A) + file(b"b", B))[:-700]
    yield "cut-in-a-header", (file(b"a", A) + AFTER)[:-900]
    yield "cut-at-a-block", file(b"a", A) + header(b"b", 4096) + b"B" * 512
    yield "no-padding-at-the-end", file(b"a", A) + header(b"b", len(C)) + C
    yield "tar-in-tar", plain(file(b"inner.tar", plain(file(b"in", A))), AFTER)
    yield "header-in-a-body", plain(file(b"outer", file(b"not-a-member", A)), AFTER)
    yield "many-members", plain(*(file(b"m%d" % index, b"%d" % index) for index in range(300)))
    yield "empty", END


def damaged(part):
    """The checksum no longer fits."""
    return part[:10] + b"\xff\xfe" + part[12:]


def spaced_sum(part):
    """The sum as old tars wrote it: spaces in front, then NUL and space."""
    return part[:148] + b"%6s\0 " % (b"%o" % int(part[148:154], 8)) + part[156:]


def python_reading(path):
    members, error = [], None
    try:
        with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                # A kind that nobody knows is a file, says the standard.
                kind = ("file" if member.isreg() or member.type not in tarfile.SUPPORTED_TYPES else "directory" if member.isdir() else "hardlink" if member.islnk()
                        else "symlink" if member.issym() else "special")
                body = None
                if kind == "file":
                    try:
                        body = archive.extractfile(member).read()
                    except (tarfile.TarError, OSError) as cut:
                        error = error or str(cut)
                one = entry(member.name.encode("utf-8", "surrogateescape"), kind, member.size, body)
                if member.issparse():
                    one["also"] = stored(path.read_bytes(), member)
                members.append(one)
    except (tarfile.TarError, OSError, ValueError, EOFError) as end:
        error = error or repr(end)
    return {"members": members, "error": error}


def stored(archive, member):
    """Digests of a sparse file's body as it lies in the archive: without its holes, and with the map before it."""
    length = sum(size for _, size in member.sparse)
    ends = member.offset_data + length
    return [hashlib.sha256(archive[start:ends]).hexdigest() for start in (member.offset_data, member.offset_data - 512)]


# GNU tar hands each file to this command; it appends name, size and body to a file of records.
TAKE = """printf '%s\\0%s\\0' "$TAR_FILENAME" "$TAR_SIZE" >>"$RECORDS"; sha256sum | cut -c1-64 >>"$RECORDS" """
LISTED = re.compile(rb'^(.)\S{9}\S? \S+ +(\d+(?:,\s*\d+)?) \S+ \S+ "((?:[^"\\]|\\.)*)"', re.S)
KINDS = {b"-": "file", b"C": "file", b"?": "file", b"M": "file", b"d": "directory", b"h": "hardlink", b"l": "symlink"}


def gnu_reading(path):
    with tempfile.TemporaryDirectory() as empty:
        records = os.path.join(empty, "records")
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "RECORDS": records}
        common = ["-P", "-f", path.resolve()]
        listed = subprocess.run(["tar", "-tv", "--numeric-owner", "--quoting-style=c", *common], capture_output=True, env=environment)
        taken = subprocess.run(["tar", "-x", f"--to-command={TAKE}", *common], capture_output=True, env=environment, cwd=empty)
        bodies = {}
        if os.path.exists(records):
            for name, size, digest in re.findall(rb"([^\0]*)\0(\d+)\0([0-9a-f]{64})\n", pathlib.Path(records).read_bytes()):
                bodies.setdefault(name, []).append((int(size), digest.decode()))
    members = []
    for line in listed.stdout.splitlines():
        match = LISTED.match(line)
        assert match, line
        name, kind = unquoted(match[3]), KINDS.get(match[1], "special")
        size = int(match[2]) if b"," not in match[2] else 0
        digest = None
        if kind == "file" and bodies.get(name):
            size, digest = bodies[name].pop(0)
        members.append({"name": name.hex(), "kind": kind, "size": size, "sha256": digest, "also": []})
    error = (listed.stderr + taken.stderr).decode(errors="replace").strip()
    return {"members": members, "error": error or None}


def unquoted(text):
    """Undoes the quoting of C."""
    simple = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
    return re.sub(rb"\\([0-7]{3}|.)", lambda match: bytes([int(match[1], 8)]) if len(match[1]) == 3 else simple.get(match[1], match[1]), text, flags=re.S)


def entry(name, kind, size, body):
    return {"name": name.hex(), "kind": kind, "size": size, "sha256": hashlib.sha256(body).hexdigest() if body is not None else None, "also": []}


def main(folder):
    readings = {}
    for name, archive in cases():
        path = folder / f"{name}.tar"
        path.write_bytes(archive)
        assert name not in readings, name
        readings[name] = {"tarfile": python_reading(path), "gnu": gnu_reading(path)}
    json.dump(readings, sys.stdout)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
