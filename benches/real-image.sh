#!/usr/bin/env bash
# Builds a real image once and compares `watertight scan` of it with `gzip -dc` and `igzip -dc` of its layers.
#
# The image is what people ship: a Debian root, a scientific Python stack and a node_modules tree, packed with GNU tar
# and gzip, with a dozen secrets planted that are made on the spot. It is kept in the cache folder, so only the first
# run needs the network (apt, PyPI and npm, as this machine is configured) and root, for debootstrap.
#
#   benches/real-image.sh [CACHE] [--build-only] [--triple] [--rounds N] [--bin PATH]
#
#   CACHE         where the image lies; target/real-image by default
#   --build-only  make the image and stop
#   --triple      scan an image three times as large (every layer three times as long, all digests new) as well,
#                 and compare the peaks of memory
#   --rounds N    how often each program runs, in turns; 5 by default
#   --bin PATH    the program; target/release/watertight by default, which is built first
#
# Needs from Debian: debootstrap isal gzip tar openssl python3 python3-pip npm.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../target/real-image
build_only= triple= rounds=5 program=
while [ $# -gt 0 ]; do
    case $1 in
    --build-only) build_only=yes ;;
    --triple) triple=yes ;;
    --rounds) rounds=$2 && shift ;;
    --bin) program=$2 && shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
    -*) echo "real-image: unknown option $1" >&2 && exit 2 ;;
    *) cache=$1 ;;
    esac
    shift
done

need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || { echo "real-image: $1 is missing: apt-get install $2" >&2 && exit 2; }
}

# The Debian root, from the mirror and the release that apt itself uses.
debian_root() {
    [ -e "$cache/trees/root.done" ] && return
    need debootstrap debootstrap
    local release mirror
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }')
    rm -rf "$cache/trees/root"
    debootstrap --variant=minbase "$release" "$cache/trees/root" "$mirror" >"$cache/debootstrap.log" 2>&1 ||
        { tail -5 "$cache/debootstrap.log" >&2 && exit 2; }
    rm -rf "$cache/trees/root"/var/cache/apt/archives/*.deb
    # The root names the mirror it came from; the image need not.
    : >"$cache/trees/root/etc/apt/sources.list"
    touch "$cache/trees/root.done"
}

python_tree() {
    [ -e "$cache/trees/python.done" ] && return
    need python3 python3-pip
    rm -rf "$cache/trees/python"
    python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: \
        --target "$cache/trees/python/app/site-packages" numpy scipy pandas scikit-learn matplotlib
    touch "$cache/trees/python.done"
}

node_tree() {
    [ -e "$cache/trees/node.done" ] && return
    need npm npm
    rm -rf "$cache/trees/node"
    mkdir -p "$cache/trees/node/app"
    (cd "$cache/trees/node/app" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund --ignore-scripts \
            typescript webpack webpack-cli next react react-dom @babel/core @babel/preset-env eslint monaco-editor)
    touch "$cache/trees/node.done"
}

mkdir -p "$cache/trees"
cache=$(cd "$cache" && pwd)
if [ ! -e "$cache/single.done" ] || { [ -n "$triple" ] && [ ! -e "$cache/triple.done" ]; }; then
    need openssl openssl
    debian_root
    python_tree
    node_tree
    [ -e "$cache/single.done" ] || python3 "$here/real_image.py" "$cache/trees" "$cache/single" 1
    touch "$cache/single.done"
    [ -z "$triple" ] || [ -e "$cache/triple.done" ] || python3 "$here/real_image.py" "$cache/trees" "$cache/triple" 3
    [ -z "$triple" ] || touch "$cache/triple.done"
fi
[ -z "$build_only" ] || exit 0

need igzip isal
if [ -z "$program" ]; then
    (cd "$here/.." && cargo build --release --quiet)
    program=$here/../target/release/watertight
fi
exec python3 "$here/compare.py" --rounds "$rounds" "$program" "$cache/single" ${triple:+"$cache/triple"}
