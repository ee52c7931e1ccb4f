#!/usr/bin/env bash
# scripts/format.sh check|fix: holds every C++ file against .clang-format, or makes it so.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1-}" in
  check) mode=(--dry-run -Werror) ;;
  fix) mode=(-i) ;;
  *) echo "usage: scripts/format.sh check|fix" >&2; exit 2 ;;
esac
find common services tests \( -name '*.h' -o -name '*.cc' \) -not -path '*/node_modules/*' -print0 |
  xargs -0 -n 32 -P "$(nproc)" clang-format "${mode[@]}"
