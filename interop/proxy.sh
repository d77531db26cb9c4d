#!/usr/bin/env bash
# Official MCP clients, which cannot sign, at work through `mcp-sigv4 proxy`, over stdio and by HTTP,
# against both hosts of `local-aws up`. Which clients, and what they do, is in interop/sdks.py.
#
#   interop/proxy.sh            needs python3 with venv, and npm; installs into build/interop
#   BUILT=build/demo interop/proxy.sh    with the programs there as they are
set -euo pipefail
cd "$(dirname "$0")/.."

out=build/interop/proxy
built=${BUILT:-build/demo}
client=$built/mcp-sigv4
started=()

fail() {
  echo "FAILED: $*"
  exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
trap 'kill "${started[@]}" 2>/dev/null || true' EXIT

# patiently SENTENCE COMMAND...: until it succeeds, for 10 seconds.
patiently() {
  local sentence=$1
  shift
  for _ in $(seq 100); do
    "$@" && return
    sleep 0.1
  done
  fail "$sentence"
}

# listen NAME TARGET: a proxy, whose process and address are told in listening and addresses.
listen() {
  "$client" proxy --listen 127.0.0.1:0 "$2" >"$out/$1" &
  started+=($!)
  listening+=($!)
  patiently "the proxy does not say where it listens" grep -q /mcp "$out/$1"
  addresses+=("$(cat "$out/$1")")
}

[ -n "${BUILT:-}" ] || cargo build --profile demo --locked --bin local-aws --bin agentcore-server --bin lambda-server --bin mcp-sigv4
mkdir -p "$out"
"$built/local-aws" up --agentcore-port 0 --lambda-port 0 >"$out/directions" &
started+=($!)
patiently "local-aws does not say where its doors are" grep -q lambda-url "$out/directions"
eval "$(grep '^export' "$out/directions")"
runtime=$(grep -o 'arn:aws:bedrock-agentcore:.*' "$out/directions")
function=$(grep -o 'http://[^ ]*lambda-url[^ ]*' "$out/directions")

echo "over stdio:"
python3 interop/sdks.py "AgentCore=$client proxy --tool-timeout 60 $runtime" "Lambda=$client proxy --tool-timeout 60 $function"

listening=() addresses=()
listen agentcore "$runtime"
listen lambda "$function"
echo "by HTTP:"
python3 interop/sdks.py "AgentCore=${addresses[0]}" "Lambda=${addresses[1]}"

for proxy in "${listening[@]}"; do
  kill "$proxy"
  wait "$proxy" || fail "told to end, the listening proxy exits with $?"
done
echo "ok: the listening proxies end when told to"
