#!/usr/bin/env bash
# scripts/lint.sh BUILD_DIRECTORY: everything that is checked without running the code. Needs a
# finished build: clang-tidy reads the generated headers and asks Ninja who includes what.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
scripts/step.sh 'Checking the protos (buf lint)' scripts/lint_proto.sh "$build/buf"
scripts/step.sh 'Checking the format (clang-format)' scripts/format.sh check
scripts/step.sh 'Looking for mistakes (clang-tidy)' scripts/lint_tidy.py "$build"
