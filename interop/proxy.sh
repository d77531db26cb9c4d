#!/usr/bin/env bash
# Official MCP clients, which cannot sign, at work through `mcp-sigv4 proxy`: both Python SDKs, both
# TypeScript SDKs and the MCP Inspector, over stdio and by HTTP, against both hosts of `local-aws up`.
#
#   interop/proxy.sh            needs python3 with venv, and npm; installs into build/interop
#   BUILT=1 interop/proxy.sh    with the programs in build/demo as they are
set -euo pipefail
cd "$(dirname "$0")/.."

out=build/interop/proxy
client=build/demo/mcp-sigv4
started=()

fail() {
  echo "FAILED: $*"
  exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
trap 'kill "${started[@]}" 2>/dev/null || true' EXIT

# python_with PACKAGE VERSION: build/interop/PACKAGE-VERSION/bin/python, which has it.
python_with() {
  local venv=build/interop/$1-$2
  [ -e "$venv/installed" ] && return
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$1==$2"
  touch "$venv/installed"
}

# Whatever is to be there is installed by one command, which removes all else.
npm_packages() {
  local wanted=(@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/inspector@2.12.0)
  node=$(command -v node)
  # The Inspector wants Node 22.19; npm has newer ones too.
  if [ "$(printf '%s\n' v22.19.0 "$(node --version)" | sort -V | head -1)" != v22.19.0 ]; then
    wanted+=(node@24.21.0)
    node=$out/node_modules/node/bin/node
  fi
  if [ "$(cat "$out/installed" 2>/dev/null)" != "${wanted[*]}" ]; then
    npm install --loglevel=error --no-save --prefix "$out" "${wanted[@]}" >/dev/null
    echo "${wanted[*]}" >"$out/installed"
  fi
}

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

# works WHAT COMMAND...: it succeeds, and what it prints is told.
works() {
  local what=$1 said
  shift
  said=$(timeout 60 "$@") || fail "$what"
  echo "ok: $what, MCP $said"
}

# inspects WHAT EXPECTED OPTION...: the Inspector's answer holds this. It ends with 5 where a tool
# answers that it failed, and is to keep its files here.
inspects() {
  local what=$1 expected=$2 answer
  shift 2
  answer=$(MCP_STORAGE_DIR=$out/inspector timeout 60 "$node" "$out/node_modules/.bin/mcp-inspector" --cli --quiet --format json "$@" 2>"$out/stderr") \
    || [ $? = 5 ] || { cat "$out/stderr"; fail "the Inspector $what"; }
  grep -qF -- "$expected" <<<"$answer" || { cat "$out/stderr"; fail "the Inspector $what: no $expected in $answer"; }
}

mkdir -p "$out"
python_with mcp 1.30.0
python_with mcp 2.3.0
npm_packages
cp interop/proxy_client.mjs "$out"

[ -n "${BUILT:-}" ] || cargo build --profile demo --locked --bin local-aws --bin agentcore-server --bin lambda-server --bin mcp-sigv4
build/demo/local-aws up --agentcore-port 0 --lambda-port 0 >"$out/directions" &
started+=($!)
patiently "local-aws does not say where its doors are" grep -q lambda-url "$out/directions"
eval "$(grep '^export' "$out/directions")"
runtime=$(grep -o 'arn:aws:bedrock-agentcore:.*' "$out/directions")
function=$(grep -o 'http://[^ ]*lambda-url[^ ]*' "$out/directions")

# Clients start servers with next to nothing of their own environment.
environment=()
for variable in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_ENDPOINT_URL_BEDROCK_AGENTCORE; do
  environment+=(-e "$variable=${!variable}")
done

for host in "AgentCore runtime|$runtime" "Lambda function URL|$function"; do
  IFS='|' read -r name target <<<"$host"
  "$client" proxy --listen 127.0.0.1:0 "$target" >"$out/address" &
  listening=$!
  started+=("$listening")
  patiently "the proxy does not say where it listens" grep -q /mcp "$out/address"
  address=$(cat "$out/address")

  for version in 1.30.0 2.3.0; do
    python=build/interop/mcp-$version/bin/python
    works "$name, Python SDK $version, stdio" "$python" interop/proxy_client.py "$client" proxy "$target"
    works "$name, Python SDK $version, HTTP" "$python" interop/proxy_client.py "$address"
  done
  for package in @modelcontextprotocol/{sdk,client}; do
    version=$(node -p "require('./$out/node_modules/$package/package.json').version")
    works "$name, $package $version, stdio" node "$out/proxy_client.mjs" "$package" "$client" proxy "$target"
    works "$name, $package $version, HTTP" node "$out/proxy_client.mjs" "$package" "$address"
  done

  # All that has a hyphen the Inspector takes for its own, before -- at least.
  call=(--method tools/call --tool-name)
  stdio=("${environment[@]}" -- "$client" proxy --tool-timeout 60 "$target")
  for tool in add_numbers multiply_numbers greet_user; do
    inspects "lists $tool" "\"name\":\"$tool\"" --method tools/list "${stdio[@]}"
  done
  inspects "calls add_numbers" '"text":"8"' "${call[@]}" add_numbers --tool-arg a=5 b=3 "${stdio[@]}"
  inspects "calls multiply_numbers" '"text":"28"' "${call[@]}" multiply_numbers --tool-arg a=4 b=7 "${stdio[@]}"
  inspects "calls greet_user" '"text":"Hello, Alice! Nice to meet you."' "${call[@]}" greet_user --tool-arg name=Alice "${stdio[@]}"
  inspects "calls with a bad argument" '"isError":true' "${call[@]}" add_numbers --tool-args-json '{"a":"five","b":3}' "${stdio[@]}"
  inspects "calls 20 times at once" '"ok":20,"toolErrors":0,"errors":0' \
    "${call[@]}" add_numbers --tool-arg a=5 b=3 --load --load-requests 20 --load-concurrency 20 "${stdio[@]}"
  inspects "calls as of 2026-07-28" '"text":"8"' "${call[@]}" add_numbers --tool-arg a=5 b=3 --protocol-era modern "${stdio[@]}"
  inspects "calls by HTTP" '"text":"8"' "${call[@]}" add_numbers --tool-arg a=5 b=3 --server-url "$address"
  echo "ok: $name, MCP Inspector"

  kill "$listening"
  wait "$listening" || fail "$name: told to end, the listening proxy exits with $?"
  echo "ok: $name, the listening proxy ends when told to"
done
