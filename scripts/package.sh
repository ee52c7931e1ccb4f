#!/usr/bin/env bash
# scripts/package.sh BUILD_DIRECTORY OUTPUT_DIRECTORY: packs what is built as .deb and .tar.gz.
set -euo pipefail
build=$1
output=$2
mkdir -p "$output"
output=$(cd "$output" && pwd)
log=$(mktemp)
trap 'rm -rf "$log" "$output/_CPack_Packages"' EXIT
if ! cpack --config "$build/CPackConfig.cmake" -G 'DEB;TGZ' -B "$output" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
