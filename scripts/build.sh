#!/usr/bin/env bash
# scripts/build.sh build/PRESET TARGET...: configures with that preset and builds the targets.
set -euo pipefail
cd "$(dirname "$0")/.."
directory=$1
shift
cmake --preset "$(basename "$directory")" --log-level=WARNING >/dev/null
ninja -C "$directory" "$@"
