#!/usr/bin/env bash
# `mcp-sigv4 proxy` and AWS's own proxy in front of the same target: how soon they answer, how much
# memory they take, what they add to a call.
#
#   interop/proxy_bench.sh            needs python3 with venv; installs into build/interop
#   BUILT=1 interop/proxy_bench.sh    with the programs in build as they are
#
# Ours is built as it is installed (profile `dist`), which takes some minutes.
#
# The target is the AgentCore runtime of `local-aws up`, which is what AWS's proxy is made for: no
# network, one warm server for all calls of a session, and no other work than the proxies'. To be
# greeted it starts a container for the session, a few milliseconds that both proxies wait for and
# that make the quicker one look slower. AWS's is started by its installed script, without the time
# that `uvx`, its usual way, takes to find it.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "FAILED: $*"
  exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

venv=build/interop/mcp-proxy-for-aws-1.7.0
if ! [ -e "$venv/installed" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'mcp-proxy-for-aws==1.7.0'
  touch "$venv/installed"
fi

if [ -z "${BUILT:-}" ]; then
  cargo build --profile demo --locked --bin local-aws --bin agentcore-server --bin lambda-server --bin mcp-sigv4
  cargo build --profile dist --locked --bin mcp-sigv4
fi
directions=$(mktemp)
build/demo/local-aws up --agentcore-port 0 --lambda-port 0 >"$directions" &
doors=$!
trap 'kill $doors 2>/dev/null || true; rm -f "$directions"' EXIT
for _ in $(seq 100); do grep -q lambda-url "$directions" && break; sleep 0.1; done
grep -q lambda-url "$directions" || fail "local-aws does not say where its doors are"
eval "$(grep '^export' "$directions")"

# As a URL, which both understand, and which tells neither what to sign for.
encoded=$(grep -o 'arn:aws:bedrock-agentcore:.*' "$directions" | sed 's/:/%3A/g; s,/,%2F,g')
runtime="$AWS_ENDPOINT_URL_BEDROCK_AGENTCORE/runtimes/$encoded/invocations?qualifier=DEFAULT"
timeout 300 "$venv/bin/python" interop/proxy_bench.py "$runtime" bedrock-agentcore build/dist/mcp-sigv4 "$venv/bin/mcp-proxy-for-aws" \
  || fail "the proxies, side by side"
echo "ok: the proxies, side by side"
