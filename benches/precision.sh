#!/usr/bin/env bash
# Installs what people ship most and counts what the program calls a credential in it.
#
# Nobody planted anything there, so whatever is `actionable` at the default threshold is a false alarm until somebody has
# looked at it; benches/README.md has the notes on each. Kept in the cache folder, so only the first run needs the
# network (apt, PyPI and npm, as this machine is configured) and root, for debootstrap.
#
#   benches/precision.sh [CACHE] [--build-only] [--bin PATH]
#
#   CACHE         where the trees lie; target/precision by default
#   --build-only  install and stop
#   --bin PATH    the program; target/release/watertight by default, which is built first
#
# Needs from Debian: debootstrap python3 python3-pip npm.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../target/precision
build_only= program=
while [ $# -gt 0 ]; do
    case $1 in
    --build-only) build_only=yes ;;
    --bin) program=$2 && shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
    -*) echo "precision: unknown option $1" >&2 && exit 2 ;;
    *) cache=$1 ;;
    esac
    shift
done

# The most downloaded of PyPI, and the most used of npm, as of 2026.
pypi='boto3 urllib3 botocore requests certifi charset-normalizer idna setuptools packaging python-dateutil typing-extensions
s3transfer aiobotocore six pyyaml fsspec s3fs numpy cryptography click attrs pydantic pycparser cffi jmespath pandas pluggy
rsa markupsafe pyasn1 protobuf platformdirs jinja2 pytz importlib-metadata zipp filelock tomli wheel awscli colorama pytest
aiohttp yarl multidict sqlalchemy greenlet psutil pyjwt pyarrow docutils google-api-core google-auth oauthlib requests-oauthlib
scipy scikit-learn django flask paramiko ansible-core'
npm='lodash react react-dom axios express typescript webpack next vue eslint prettier chalk commander debug async moment
uuid @babel/core @babel/preset-env jest mocha rxjs zod dotenv yargs glob rimraf semver fs-extra inquirer body-parser
socket.io ws mongoose pg mysql2 redis ioredis sequelize passport jsonwebtoken bcryptjs cors helmet winston nodemailer
aws-sdk @aws-sdk/client-s3 firebase stripe twilio graphql @apollo/client styled-components tailwindcss postcss vite rollup
core-js monaco-editor puppeteer-core'

need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || { echo "precision: $1 is missing: apt-get install $2" >&2 && exit 2; }
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
if [ ! -e "$cache/python.done" ]; then
    need python3 python3-pip
    # The packages as they are: what they ask of each other contradicts itself, and is on the list anyway.
    python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --prefer-binary --target "$cache/trees/python" $pypi
    touch "$cache/python.done"
fi
if [ ! -e "$cache/node.done" ]; then
    need npm npm
    mkdir -p "$cache/trees/node"
    (cd "$cache/trees/node" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps $npm)
    touch "$cache/node.done"
fi
if [ ! -e "$cache/debian.done" ]; then
    need debootstrap debootstrap
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }')
    debootstrap --variant=minbase --include=python3,openssl,nginx,git "$release" "$cache/trees/debian" "$mirror" \
        >"$cache/debootstrap.log" 2>&1 || { tail -5 "$cache/debootstrap.log" >&2 && exit 2; }
    # debootstrap takes down what it mounted; should it not, nothing below is ours to remove.
    rm -rf --one-file-system "$cache/trees/debian"/var/cache/apt/archives/*.deb "$cache/trees/debian"/{proc,sys,dev}
    touch "$cache/debian.done"
fi
[ -z "$build_only" ] || exit 0

if [ -z "$program" ]; then
    (cd "$here/.." && cargo build --release --quiet)
    program=$here/../target/release/watertight
fi
status=0
"$program" scan "$cache/trees" --format json -o "$cache/report.json" || status=$?
[ $status -le 3 ] && [ $status -ne 2 ] || exit $status
exec python3 "$here/precision.py" "$cache/report.json"
