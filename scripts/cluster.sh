#!/usr/bin/env bash
# scripts/cluster.sh BUILD_DIRECTORY [demo arguments]: the whole distributed form on this machine.
# A Redis Cluster of three masters with a replica each, two processes of every service, two gateways
# behind nginx with TLS. Runs `terrace demo` through the front door, prints where everything is, and
# waits for Ctrl-C; with --once or --check it ends after the demo. Stops what it has started.
set -euo pipefail
build=$1
shift
root=$(pwd)
terrace=$root/$build/bin/terrace
work=$(mktemp -d "${TMPDIR:-/tmp}/terrace-cluster-XXXXXX")
pids=()

stop() {
  local pid
  # The services first: they drain, and may still want their store.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[$i]}" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

fail() {
  echo "cluster: $*" >&2
  tail -n 5 "$work"/*.log >&2 || true
  exit 1
}

# A port that nobody listens on, below those that outgoing connections get; Redis also takes the one
# 10,000 above for its bus.
taken=" "
free_port() {
  local candidate
  while true; do
    candidate=$((10000 + RANDOM % 12000))
    case "$taken" in *" $candidate "*) continue ;; esac
    (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$((candidate + 10000))") 2>/dev/null && continue
    taken="$taken$candidate "
    port=$candidate
    return
  done
}

# until_true WHAT COMMAND...: waits up to 30 s.
until_true() {
  local what=$1
  shift
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  fail "$what did not come up"
}

echo "== Starting a Redis Cluster, three masters with a replica each"
redis=()
for i in 1 2 3 4 5 6; do
  free_port
  mkdir "$work/redis-$i"
  grep -v '^#' "$root/deploy/redis/redis.conf" >"$work/redis-$i/redis.conf"
  redis-server "$work/redis-$i/redis.conf" --port "$port" --bind 127.0.0.1 --cluster-enabled yes \
    --dir "$work/redis-$i" --logfile "$work/redis-$i.log" >/dev/null &
  pids+=($!)
  redis+=("127.0.0.1:$port")
done
for address in "${redis[@]}"; do
  until_true "Redis at $address" redis-cli -p "${address#*:}" ping
done
redis-cli --cluster create "${redis[@]}" --cluster-replicas 1 --cluster-yes >"$work/create.log" ||
  fail "the Redis Cluster could not be made"
replicas_are_linked() {
  local address
  for address in "${redis[@]}"; do
    redis-cli -p "${address#*:}" cluster info | grep -q 'cluster_state:ok' || return 1
    redis-cli -p "${address#*:}" info replication |
      grep -qE 'connected_slaves:1|master_link_status:up' || return 1
  done
}
until_true "the Redis Cluster" replicas_are_linked

(umask 077 && openssl rand -hex 32 >"$work/deployment.key")
store="redis+cluster://$(IFS=, && echo "${redis[*]}")/realm?wait=1"

# start SERVICE NUMBER PEERS...: one process; its address is in $address.
start() {
  local service=$1 number=$2 dir=$work/$1-$2
  shift 2
  mkdir "$dir"
  "$terrace" serve --services="$service" --data-dir="$dir" --listen=127.0.0.1:0 --store="$store" \
    --identity-key-file="$work/deployment.key" "$@" >"$dir.log" 2>&1 &
  pids+=($!)
  until_true "$service-$number" test -s "$dir/serve.address"
  address=$(cat "$dir/serve.address")
}

echo "== Starting two processes of every service"
peers=()
for service in registry measures inspections scoring; do
  addresses=()
  for number in 1 2; do
    start "$service" "$number" "${peers[@]}"
    addresses+=("$address")
  done
  peers+=(--peer "$service=${addresses[0]},${addresses[1]}")
done
gateways=()
for number in 1 2; do
  start gateway "$number" "${peers[@]}"
  gateways+=("$address")
done

echo "== Starting nginx with TLS in front of two gateways"
free_port
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
sed -e "s|127.0.0.1:7443|${gateways[0]}|" -e "s|127.0.0.1:7444|${gateways[1]}|" \
  -e "s|listen 443|listen 127.0.0.1:$port|" -e "s|/etc/terrace/tls|$work|" \
  "$root/deploy/nginx/terrace.conf" >"$work/terrace.conf"
mkdir "$work/nginx"
cat >"$work/nginx.conf" <<CONF
pid $work/nginx.pid;
error_log $work/nginx.log;
daemon off;
events {}
http {
  access_log off;
  client_body_temp_path $work/nginx;
  proxy_temp_path $work/nginx;
  fastcgi_temp_path $work/nginx;
  uwsgi_temp_path $work/nginx;
  scgi_temp_path $work/nginx;
  include $work/terrace.conf;
}
CONF
nginx=$(command -v nginx || echo /usr/sbin/nginx)
"$nginx" -c "$work/nginx.conf" >>"$work/nginx.log" 2>&1 &
pids+=($!)
server=(--server "https://127.0.0.1:$port" --ca-file "$work/tls.crt"
        --token-file "$work/gateway-1/admin.token")
until_true nginx "$terrace" status "${server[@]}" --timeout 5

ends=false
arguments=()
for argument in "$@"; do
  if [ "$argument" = --once ]; then ends=true; else arguments+=("$argument"); fi
  if [ "$argument" = --check ]; then ends=true; fi
done
"$terrace" demo "${server[@]}" "${arguments[@]}"
echo
"$terrace" status "${server[@]}"
echo
echo "front door    https://127.0.0.1:$port"
echo "gateways      ${gateways[*]}"
echo "services      ${peers[*]}"
echo "Redis Cluster ${redis[*]}"
echo "ask it        terrace status ${server[*]}"
if $ends; then exit 0; fi
echo "Ctrl-C stops all of it."
wait
