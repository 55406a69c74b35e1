"""Packs the trees that real-image.sh made into one image, with secrets that are made on the spot.

    real_image.py TREES OUT TIMES

Writes OUT/oci (an OCI layout), OUT/docker.tar (an archive as `docker load` takes it, its layers compressed),
OUT/layers/*.tar.gz (hard links to the layers) and OUT/planted.json (what was planted, and where). Every layer is
TIMES as long as its tree: the copies differ in their paths.

The image lies in a cache folder and is never committed; no secret opens anything.
"""

import base64
import hashlib
import io
import json
import os
import pathlib
import pickle
import random
import shutil
import string
import subprocess
import sys
import tarfile
import zipfile
import zlib

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
LAYERS = ["root", "python", "node", "app", "clean"]
CREATED = "2026-01-01T00:00:00Z"


def main(trees, out, times):
    shutil.rmtree(out, ignore_errors=True)
    blobs = out / "oci/blobs/sha256"
    blobs.mkdir(parents=True)
    (out / "layers").mkdir()
    files, image, planted = plant()
    layers, diff_ids, total = [], [], 0
    for index, name in enumerate(LAYERS):
        blob, diff_id, size = pack(trees / name, files[name], times, out / f"layers/{index}-{name}.tar.gz")
        os.link(out / f"layers/{index}-{name}.tar.gz", blobs / blob)
        layers.append(descriptor("application/vnd.oci.image.layer.v1.tar+gzip", blob, blobs))
        diff_ids.append("sha256:" + diff_id)
        total += size
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {"Env": image["env"], "Labels": image["labels"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": CREATED, **step} for step in image["history"]],
    }
    config_digest = put(blobs, config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", config_digest, blobs),
        "layers": layers,
    }
    manifest_digest = put(blobs, manifest)
    entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest_digest, blobs)
    entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    write(out / "oci/index.json", {"schemaVersion": 2, "manifests": [entry]})
    write(out / "oci/oci-layout", {"imageLayoutVersion": "1.0.0"})
    docker_archive(out / "docker.tar", blobs, config_digest, [layer["digest"].split(":")[1] for layer in layers])
    write(out / "planted.json", {"uncompressed": total, "planted": planted})
    print(f"{out}: {total / 1e6:.0f} MB in {len(layers)} layers, {len(planted)} secrets")


def plant():
    """What is added to each layer, what the config says, and the list of secrets with their places."""
    planted = []

    def secret(value, layer, path, state, member=None):
        planted.append({"value": value, "layer": layer, "path": path, "state": state, "member": member})
        return value

    files = {name: {} for name in LAYERS}

    def put_file(layer, path, text, times=1):
        files[layer][path] = text if isinstance(text, bytes) else text.encode()

    npm, old, label = (crc_token("npm_"), crc_token("ghp_"), crc_token("gho_"))
    put_file("root", "root/.netrc", f"machine git.internal\nlogin ci\npassword {secret(crc_token('ghp_'), 0, 'root/.netrc', 'live')}\n")
    put_file("python", "app/settings.py", filler(4000) + f'TOKEN = "{secret(crc_token("ghs_"), 1, "app/settings.py", "live")}"\n')
    put_file("python", "app/model.pkl", pickle.dumps({"weights": os.urandom(200_000), "hub_token": secret(crc_token("ghu_"), 1, "app/model.pkl", "live")}, protocol=4))
    put_file("node", "app/dist/bundle.js", "/*!*/" + "a=b+1;" * 400_000 + f'k="{secret(crc_token("npm_"), 2, "app/dist/bundle.js", "live")}";' + "c=d;" * 100_000)
    put_file("node", "app/.npmrc", f"registry=https://registry.internal/\n//registry.internal/:_authToken={secret(npm, 2, 'app/.npmrc', 'deleted')}\n")
    key = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True, text=True).stdout
    key = key if "RSA PRIVATE" in key else "".join(key.splitlines(True))
    put_file("app", "etc/ssl/private/server.key", secret(key, 3, "etc/ssl/private/server.key", "live"))
    put_file("app", "app/deploy.env", f"DATABASE_URL=postgres://shop:{secret(letters(18), 3, 'app/deploy.env', 'live')}@db.internal:5432/shop\n")
    put_file("app", "app/lib/tools.jar", jar("conf/app.properties", f"git.token={secret(crc_token('ghp_'), 3, 'app/lib/tools.jar', 'live', 'conf/app.properties')}\n"))
    put_file("app", "app/config.yaml", f"git:\n  user: ci\n  token: {secret(old, 3, 'app/config.yaml', 'overwritten')}\n")
    put_file("clean", "app/config.yaml", f"git:\n  user: ci\n  token: {secret(crc_token('ghp_'), 4, 'app/config.yaml', 'live')}\n")
    put_file("clean", "app/.wh..npmrc", b"")
    env, argument = crc_token("ghp_"), crc_token("npm_")
    for value in (env, label, argument):
        secret(value, None, None, "config")
    image = {
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"GIT_TOKEN={env}"],
        "labels": {"maintainer": "shop", "ci.token": label},
        "history": [
            {"created_by": "/bin/sh -c #(nop) ADD file:root in / "},
            {"created_by": "RUN /bin/sh -c pip install --target /app/site-packages -r requirements.txt # buildkit"},
            {"created_by": f"RUN |1 NPM_TOKEN={argument} /bin/sh -c npm ci # buildkit"},
            {"created_by": f"ENV GIT_TOKEN={env}", "empty_layer": True},
            {"created_by": "COPY app /app # buildkit"},
            {"created_by": f"LABEL ci.token={label}", "empty_layer": True},
            {"created_by": f"RUN |1 NPM_TOKEN={argument} /bin/sh -c rm /app/.npmrc # buildkit"},
        ],
    }
    return files, image, planted


def pack(tree, extra, times, target):
    """One layer: the tree TIMES times, then what was planted. Returns both digests and the length."""
    blob, diff, size = hashlib.sha256(), hashlib.sha256(), 0
    with open(target, "wb") as out:
        gzip = subprocess.Popen(["gzip", "-6", "-n", "-c"], stdin=subprocess.PIPE, stdout=out)
        def feed(chunk):
            diff.update(chunk)
            gzip.stdin.write(chunk)
        for copy in range(times if tree.is_dir() else 0):
            # All blocks but the two that end an archive, so that what follows belongs to the same one.
            prefix = f"s,^\\.,.{f'/copy{copy}' if copy else ''},S"
            with subprocess.Popen(
                ["tar", "-C", tree, "--format=posix", "--sort=name", "--numeric-owner", "--record-size=512",
                 "--pax-option=delete=atime,delete=ctime,delete=mtime", f"--transform={prefix}", "-cf", "-", "."],
                stdout=subprocess.PIPE) as tar:
                held = b""
                while chunk := tar.stdout.read(1 << 20):
                    held += chunk
                    size += len(held) - 1024 if len(held) > 1024 else 0
                    feed(held[:-1024])
                    held = held[-1024:]
                assert held == bytes(1024) and tar.wait() == 0
        rest = io.BytesIO()
        with tarfile.open(fileobj=rest, mode="w") as tar:
            for path, content in extra.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(content), 0o600
                tar.addfile(member, io.BytesIO(content))
        feed(rest.getvalue())
        size += len(rest.getvalue())
        gzip.stdin.close()
        assert gzip.wait() == 0
    with open(target, "rb") as compressed:
        while chunk := compressed.read(1 << 20):
            blob.update(chunk)
    return blob.hexdigest(), diff.hexdigest(), size


def docker_archive(target, blobs, config, layers):
    with tarfile.open(target, "w") as tar:
        tar.add(blobs / config, arcname=f"sha256:{config}")
        for layer in layers:
            tar.add(blobs / layer, arcname=f"{layer}.tar.gz")
        document = json.dumps([{"Config": f"sha256:{config}", "RepoTags": ["shop:latest"], "Layers": [f"{layer}.tar.gz" for layer in layers]}]).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(document)
        tar.addfile(member, io.BytesIO(document))


def put(blobs, document):
    data = json.dumps(document).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return digest


def descriptor(media_type, digest, blobs):
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": (blobs / digest).stat().st_size}


def write(path, document):
    path.write_text(json.dumps(document, indent=1))


def crc_token(prefix):
    """The shape of GitHub's and npm's tokens: 30 characters and their CRC32 in base62."""
    body = "".join(random.SystemRandom().choices(BASE62, k=30))
    check, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        check, digit = divmod(check, 62)
        digits = BASE62[digit] + digits
    return prefix + body + digits


def letters(count):
    return "".join(random.SystemRandom().choices(BASE62, k=count))


def filler(lines):
    return "".join(f"# setting {i}: {base64.b64encode(bytes([i % 250])).decode()}\n" for i in range(lines))


def jar(name, text):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        archive.writestr(name, text)
    return data.getvalue()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]))
