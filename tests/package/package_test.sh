#!/usr/bin/env bash
# tests/package/package_test.sh BUILD_DIRECTORY VERSION: makes the packages as `make package` does,
# installs each into a folder of its own and runs what was installed.
set -euo pipefail
build=$1
version=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "package_test: $*" >&2
  exit 1
}

scripts/package.sh "$build" "$work/dist"
deb=("$work"/dist/*.deb)
tarball=("$work"/dist/*.tar.gz)
[ ${#deb[@]} -eq 1 ] && [ -s "${deb[0]}" ] || fail "expected one .deb: ${deb[*]}"
[ ${#tarball[@]} -eq 1 ] && [ -s "${tarball[0]}" ] || fail "expected one tarball: ${tarball[*]}"

# Installed as dpkg would, without touching this machine.
mkdir "$work/deb" "$work/tar"
dpkg --extract "${deb[0]}" "$work/deb"
tar -xzf "${tarball[0]}" -C "$work/tar" --strip-components=1

for prefix in "$work/deb/usr" "$work/tar"; do
  for file in share/terrace/terrace.protoset share/terrace/schemes/hdi.json \
              share/doc/terrace/README.md \
              share/doc/terrace/copyright lib/systemd/system/terrace.service; do
    [ -s "$prefix/$file" ] || fail "$file is missing below ${prefix#"$work/"}"
  done
  shown=$(cd / && "$prefix/bin/terrace" version)
  grep -qF "$version" <<<"$shown" || fail "expected version $version, got: $shown"
  # The descriptor set that was installed reads as one and holds the services.
  protoc --decode_raw <"$prefix/share/terrace/terrace.protoset" >"$work/protoset.txt"
  grep -q '"UnitRegistry"' "$work/protoset.txt" || fail "no UnitRegistry in terrace.protoset"
done

# The package asks for the shared libraries that the binary loads.
depends=$(dpkg-deb --field "${deb[0]}" Depends)
for library in libc6 libstdc++6 libgrpc++1.51 libprotobuf32 libsqlite3-0; do
  grep -qE "(^|, )${library//+/\\+} " <<<"$depends" || fail "$library is not in Depends: $depends"
done
missing=$(ldd "$work/deb/usr/bin/terrace" | grep 'not found' || true)
[ -z "$missing" ] || fail "libraries not found: $missing"
echo "package_test: $(basename "${deb[0]}") and $(basename "${tarball[0]}") install and run"
