#!/usr/bin/env bash
# tests/deploy/deploy_test.sh TERRACE: what can be said of the files in deploy/ without deploying:
# the units, nginx' configuration and the YAML are taken by the programs that will read them.
set -euo pipefail
terrace=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "deploy_test: $*" >&2
  exit 1
}

# The units run the binary that was built; systemd wants to see it, under its own name.
for unit in terrace.service terrace@.service; do
  sed "s|/usr/bin/terrace|$(realpath "$terrace")|" "deploy/systemd/$unit" >"$work/$unit"
done
systemd-analyze verify "$work/terrace.service" "$work/terrace@.service" 2>"$work/verify" ||
  fail "$(cat "$work/verify")"
[ ! -s "$work/verify" ] || fail "$(cat "$work/verify")"
for unit in terrace.service terrace@.service; do
  # 0 is all locked up, 10 not at all.
  systemd-analyze security --offline=true --threshold=15 "$work/$unit" >"$work/security" ||
    fail "$unit is exposed more than 1.5: $(tail -n 2 "$work/security")"
done

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
sed "s|/etc/terrace/tls|$work|" deploy/nginx/terrace.conf >"$work/terrace.conf"
cat >"$work/nginx.conf" <<CONF
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http { include $work/terrace.conf; }
CONF
nginx=$(command -v nginx || echo /usr/sbin/nginx)
"$nginx" -t -c "$work/nginx.conf" 2>"$work/nginx" || fail "$(cat "$work/nginx")"

docker-compose -f deploy/compose.yaml config --quiet 2>"$work/compose" ||
  fail "$(cat "$work/compose")"

# Every long-running container says when it is ready and when it is lost, and may do nothing more
# than it must.
/usr/bin/python3 - <<'PYTHON' || fail "deploy/ holds YAML that is not what it should be"
import yaml

compose = yaml.safe_load(open("deploy/compose.yaml"))
services = compose["services"]
for name in ("registry", "measures", "inspections", "scoring"):
    assert services[name]["deploy"]["replicas"] >= 2, name
for name, service in services.items():
    for secret in service.get("secrets", []):
        source = secret if isinstance(secret, str) else secret["source"]
        assert source in compose["secrets"], (name, source)

kinds = {}
for document in yaml.safe_load_all(open("deploy/kubernetes/terrace.yaml")):
    kinds.setdefault(document["kind"], []).append(document)
names = [document["metadata"]["name"] for document in kinds["Deployment"]]
assert len(names) == 5, names
for kind in ("Service", "PodDisruptionBudget"):
    assert [document["metadata"]["name"] for document in kinds[kind]] == names, kind
for deployment in kinds["Deployment"]:
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"]:
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            assert container[probe]["grpc"]["port"] == 7443, probe
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        for argument in container["args"]:
            if argument.startswith("--peer="):
                host = argument.split("dns:///")[1].split(":")[0]
                assert host in names, argument
assert len(kinds["NetworkPolicy"]) == 2
PYTHON
echo "deploy_test: units, nginx, compose and Kubernetes are taken"
