# The function: built by `sam build`, and invoked under the Lambda Runtime Interface Emulator.
. "$(dirname "$0")/lib.sh"
need readelf=binutils file qemu-aarch64-static=qemu-user-static /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1=libc6-arm64-cross zip
sam_tools
sam=$venv
cargo_lambda_tools
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1

# Its Python first: cargo-lambda asks it for zig.
PATH=$venv/bin:$PATH "$sam/bin/sam" build --build-dir "$work/function"
bootstrap=$work/function/McpFunction/bootstrap
file "$bootstrap" | expect 'ARM aarch64' || fail "not for arm64"
glibc=$(readelf -V "$bootstrap" | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -uV | tail -1)
# What provided.al2023 has.
[ "$(printf '%s\n' "$glibc" 2.34 | sort -V | tail -1)" = 2.34 ] || fail "it asks for glibc $glibc"
rm -f "$work/function.zip"
zip -q -j "$work/function.zip" "$bootstrap"
size=$(size_of "$work/function.zip")
[ "$size" -lt 3000000 ] || fail "the zip has $size bytes"

# Under qemu, on whatever this machine is.
printf '#!/bin/sh\nexec qemu-aarch64-static -L /usr/aarch64-linux-gnu %q\n' "$bootstrap" >"$work/emulated"
chmod +x "$work/emulated"
cargo build --profile demo --locked --bin lambda-server
# The tests' fixture, which panics, hangs and dies when asked.
cargo build --locked --package local-aws --example fixture
printf '#!/bin/sh\nexec %q lambda\n' "$PWD/build/debug/examples/fixture" >"$work/fixture"
chmod +x "$work/fixture"

emulator=$(echo "$sam"/lib/python3*/site-packages/samcli/local/rapid)/aws-lambda-rie-x86_64
[ "$(uname -m)" = x86_64 ] || emulator=${emulator%x86_64}arm64
python3 rehearse/invoke.py "$emulator" arm64 "$work/emulated"
python3 rehearse/invoke.py "$emulator" native "$PWD/build/demo/lambda-server"
python3 rehearse/invoke.py "$emulator" fixture "$work/fixture"
figure "arm64, glibc $glibc, zip $(megabytes "$size"); answers arm64 and $(uname -m) events; survives a panic, a timeout and a crash"
