#!/usr/bin/env bash
# Installs what a part of the work needs on Debian 12 and is silent when everything is there.
#   scripts/setup.sh build          compiler, libraries, generators: enough to build and run Terrace
#   scripts/setup.sh build check    also what the tests and the lint need
#   scripts/setup.sh build cluster  also what the distributed form on one machine needs
#   scripts/setup.sh build bench    that, and what the benchmark is compared with
set -euo pipefail
cd "$(dirname "$0")/.."

packages_build=(
  build-essential cmake ninja-build ccache lld pkg-config
  protobuf-compiler libprotobuf-dev libgrpc++-dev libabsl-dev
  protobuf-compiler-grpc                         # gRPC's CMake files ask for it
  golang-github-gogo-googleapis-dev grpc-proto   # google/rpc, google/type and grpc/* protos
  libsqlite3-dev libhiredis-dev libssl-dev
  libgtest-dev libgmock-dev                      # one configuration builds the tests as well
)
packages_check=(
  clang-format clang-tidy
  file                                           # CPack's dpkg-shlibdeps asks it
  systemd docker-compose python3-yaml            # read what deploy/ holds
)

packages_cluster=(                               # the tests start servers of their own as well
  redis-server redis-tools nginx-light openssl
)

packages=()
for part in "$@"; do
  case "$part" in
    build) packages+=("${packages_build[@]}") ;;
    check) packages+=("${packages_check[@]}" "${packages_cluster[@]}") ;;
    cluster | bench) packages+=("${packages_cluster[@]}") ;;
    *) echo "setup: no part is called '$part' (there are: build, check, cluster, bench)" >&2
       exit 2 ;;
  esac
done

# buf and the Node client run on any Node.js from 18 on, wherever it comes from.
node_is_enough() {
  command -v npm >/dev/null &&
    [ "$(node -p 'parseInt(process.versions.node) >= 18' 2>/dev/null)" = true ]
}
wants() { case " $parts " in *" $1 "*) true ;; *) false ;; esac }
parts="$*"
wants_node=false
if wants check || wants bench; then wants_node=true; fi
if $wants_node && ! node_is_enough; then packages+=(nodejs npm); fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "setup: these Debian packages are missing and only root can install them:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "== Installing ${#missing[@]} Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  # Servers among the packages would start at once. Debian's policy-rc.d keeps them off: whoever
  # needs one starts it, where it is wanted.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod +x "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# A copy of the lock file, made last, says that node_modules is complete and current.
if wants check; then
  stamp=tests/node_modules/.terrace-lock.json
  if ! cmp -s tests/package-lock.json "$stamp"; then
    echo "== Installing the npm packages of the tests into tests/node_modules"
    npm ci --prefix tests --ignore-scripts --no-audit --no-fund --loglevel=error
    cp tests/package-lock.json "$stamp"
  fi
fi

# DuckDB comes for one system out of many, which a lock file made elsewhere would not name; its
# version is fixed in package.json.
if wants bench; then
  peer=tests/bench/peer
  if ! cmp -s $peer/package.json $peer/node_modules/.terrace-package.json; then
    echo "== Installing the npm packages of the benchmark into $peer/node_modules"
    npm install --prefix $peer --no-package-lock --ignore-scripts --no-audit --no-fund \
      --loglevel=error
    cp $peer/package.json $peer/node_modules/.terrace-package.json
  fi
fi
