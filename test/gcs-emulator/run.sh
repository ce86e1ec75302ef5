#!/bin/sh
# Installs the storage emulator of firebase-tools beside this file and runs the suite against it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."
# No script of a package runs: the emulator needs none.
npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund
# The emulator keeps objects in the folder for temporary files.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
npx --no-install vitest run --config "$here/vitest.config.ts"
