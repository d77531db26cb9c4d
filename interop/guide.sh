#!/usr/bin/env bash
# Runs the original guide's Python client library against `local-aws up`, on both hosts.
#
#   interop/guide.sh            needs python3 with venv; installs into build/interop
#   BUILT=build/demo interop/guide.sh    with the programs there as they are
set -euo pipefail
cd "$(dirname "$0")/.."

venv=build/interop/guide
packages=(mcp==1.30.0 run-mcp-servers-with-aws-lambda==0.5.22 boto3==1.43.117)
if [ "$(cat "$venv/installed" 2>/dev/null)" != "${packages[*]}" ]; then
  rm -rf "$venv"
  { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "${packages[@]}"; } || exit 2
  echo "${packages[*]}" >"$venv/installed"
fi
export NO_PROXY=127.0.0.1

[ -n "${BUILT:-}" ] || cargo build --profile demo --locked --bin local-aws --bin agentcore-server --bin lambda-server --bin mcp-sigv4
directions=$(mktemp)
"${BUILT:-build/demo}/local-aws" up --agentcore-port 0 --lambda-port 0 >"$directions" &
doors=$!
trap 'kill $doors 2>/dev/null; rm -f "$directions"' EXIT
for _ in $(seq 300); do grep -q lambda-url "$directions" && break; sleep 0.1; done
grep -q lambda-url "$directions" || { echo "local-aws does not say where its doors are"; exit 2; }
eval "$(grep '^export' "$directions")"
export AWS_DEFAULT_REGION=$AWS_REGION

arn=$(grep -o "arn:aws:bedrock-agentcore:.*" "$directions")
encoded=$(printf %s "$arn" | sed 's/:/%3A/g; s,/,%2F,g')
agentcore="$AWS_ENDPOINT_URL_BEDROCK_AGENTCORE/runtimes/$encoded/invocations?qualifier=DEFAULT"
# By address: not every resolver knows that names under .localhost are this machine.
lambda=$(grep -o 'http://[^ ]*lambda-url[^ ]*' "$directions" | sed 's,//[^:]*:,//127.0.0.1:,')mcp

expected='add_numbers: Add two numbers together
multiply_numbers: Multiply two numbers together
greet_user: Greet a user by name
add_numbers = 8 {'"'result'"': 8}
multiply_numbers = 28 {'"'result'"': 28}
greet_user = Hello, Alice! Nice to meet you. {'"'result': 'Hello, Alice! Nice to meet you.'"'}
multiply_numbers = 1393796574908163946345982392040522594123776 {'"'result'"': 1393796574908163946345982392040522594123776}
a: expected an integer, got "five": not an integer in decimal digits None
subtract_numbers: -32602'
for host in "bedrock-agentcore $agentcore" "lambda $lambda"; do
  read -r service url <<<"$host"
  printed=$("$venv/bin/python" interop/guide_client.py "$url" "$service")
  # Tools that were added since may be listed too.
  if [ "$(grep --line-regexp --fixed-strings "$expected" <<<"$printed")" != "$expected" ]; then
    diff <(echo "$expected") <(echo "$printed") || true
    echo "FAILED: the guide's client through $service"
    exit 1
  fi
  echo "ok: the guide's client through $service"
done
