#!/usr/bin/env bash
# scripts/step.sh TITLE COMMAND...: says what is done and how long it took.
set -euo pipefail
title=$1
shift
echo "== $title"
start=$SECONDS
"$@"
echo "== $title: $((SECONDS - start)) s"
