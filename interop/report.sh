#!/usr/bin/env bash
# `mcp-sigv4 compare` against `local-aws up`, and its page in a real browser.
#
#   interop/report.sh           needs npm and /usr/bin/chromium (installed here as root on Debian);
#                               page and screenshots are left in build/interop/report
set -euo pipefail
cd "$(dirname "$0")/.."

out=build/interop/report
mkdir -p "$out"
if ! [ -x /usr/bin/chromium ]; then
  DEBIAN_FRONTEND=noninteractive apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
npm install --silent --no-save --prefix "$out" playwright-core@1.64.1
cp interop/report.mjs "$out"

cargo build --profile demo --locked --bin local-aws --bin agentcore-server --bin lambda-server --bin mcp-sigv4
build/demo/local-aws up --agentcore-port 0 --lambda-port 0 >"$out/directions" &
doors=$!
trap 'kill $doors 2>/dev/null' EXIT
for _ in $(seq 100); do grep -q lambda-url "$out/directions" && break; sleep 0.1; done
eval "$(grep '^export' "$out/directions")"
mapfile -t targets < <(grep -oE '(arn:aws:bedrock-agentcore:|http://[^ ]*lambda-url).*' "$out/directions")
client=build/demo/mcp-sigv4

"$client" compare "${targets[@]}" --seconds 3 --output json --report "$out/report.html" >"$out/report.json"
node "$out/report.mjs" "$out/report.html" "$out"

# The same measurements, read back, with calls so close that the cheaper host changes.
mkdir -p "$out/often"
"$client" compare --from "$out/report.json" --seconds-between-calls 0.1 --report "$out/often.html"
node "$out/report.mjs" "$out/often.html" "$out/often" 2 break-even

# Both eras of the protocol are four columns, which a phone must have room for too.
"$client" compare "${targets[@]}" --both-protocols --seconds 1 --report "$out/protocols.html" >"$out/protocols.txt" || { cat "$out/protocols.txt"; exit 1; }
mkdir -p "$out/protocols"
node "$out/report.mjs" "$out/protocols.html" "$out/protocols" 4

echo "ok: the comparison, and its page in a browser"
