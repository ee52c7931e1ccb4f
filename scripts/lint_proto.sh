#!/usr/bin/env bash
# scripts/lint_proto.sh DIRECTORY: holds the protos against proto/buf.yaml. DIRECTORY becomes the
# workspace that buf reads: our protos and the ones that Debian's packages ship.
set -euo pipefail
cd "$(dirname "$0")/.."
workspace=$1
googleapis=/usr/share/gocode/src/github.com/gogo/googleapis
grpc_proto=/usr/share/grpc-proto

rm -rf "$workspace"
mkdir -p "$workspace/proto" "$workspace/imports"
cp proto/buf.yaml "$workspace/"
cp -r proto/*/ "$workspace/proto/"
for file in google/rpc/{status,code,error_details}.proto google/type/date.proto; do
  install -D -m 644 "$googleapis/$file" "$workspace/imports/$file"
done
for file in grpc/health/v1/health.proto grpc/reflection/v1alpha/reflection.proto; do
  install -D -m 644 "$grpc_proto/$file" "$workspace/imports/$file"
done
cd "$workspace"
"$OLDPWD/tests/node_modules/.bin/buf" lint
