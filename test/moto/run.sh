#!/usr/bin/env bash
# The S3 adapter against moto, with real signatures, policies and sessions: bash test/moto/run.sh [vitest's arguments]
# MOTO_FOLDER names where moto is kept between runs. Exit 77 where it cannot be installed (test/moto/install.sh says why).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

MOTO_FOLDER="$(bash test/moto/install.sh ${MOTO_FOLDER:+"$MOTO_FOLDER"})"
export MOTO_FOLDER
# Each test file starts a server of its own and stops it (test/moto/moto.ts).
npx vitest run --config test/moto/vitest.config.ts "$@"
