#!/usr/bin/env bash
# Runs the function under `cargo lambda watch`, as on a laptop, and calls it with the client.
#
#   interop/lambda_watch.sh [PORT]     needs python3 with venv; installs into target/interop
set -euo pipefail
cd "$(dirname "$0")/.."
port=${1:-9070}

venv=target/interop/cargo-lambda
[ -x "$venv/bin/cargo-lambda" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet 'cargo-lambda==1.9.2'; }
cargo build --release --locked --bin mcp-sigv4

log=$(mktemp)
PATH="$PWD/$venv/bin:$PATH" cargo lambda watch --invoke-address 127.0.0.1 --invoke-port "$port" >"$log" 2>&1 &
watch=$!
trap 'kill $watch 2>/dev/null; wait $watch 2>/dev/null || true; rm -f "$log"' EXIT
url="http://127.0.0.1:$port/lambda-url/lambda-server/"
for _ in $(seq 100); do curl --silent --output /dev/null "http://127.0.0.1:$port/" && break; sleep 0.1; done
# The first call waits until the function has been built.
if ! printed=$(target/release/mcp-sigv4 demo --timeout 600 "$url"); then
  cat "$log"
  echo "FAILED: the demo through cargo lambda watch"
  exit 1
fi
grep -q '^add_numbers(5, 3) = 8$' <<<"$printed"
echo "ok: the demo through cargo lambda watch"
