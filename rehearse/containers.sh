# Building and running images where no registry and no Docker can be reached.

# The default limits cannot be set in every sandbox; crun fails where runc does not.
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n[engine]\nruntime = "runc"\n' >"$work/containers.conf"
# Images of its own: one stands in for a public one, and is nobody else's business.
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/root"\nrunroot = "%s/run"\n' "$work/images" "$work/images" >"$work/storage.conf"
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf

# Stands in for the image of the same name: Debian, a C compiler, and this machine's Rust, with
# the targets that the Dockerfile asks for.
rust_image() {
  local name=public.ecr.aws/docker/library/rust:1.95-slim root=$work/rust-image rust container
  buildah images --quiet "$name" >/dev/null 2>&1 && return
  rustup target add aarch64-unknown-linux-musl x86_64-unknown-linux-musl || skip "rustup cannot add the musl targets"
  debootstrap --variant=minbase --include=gcc,libc6-dev,ca-certificates bookworm "$root" >/dev/null
  rust=$(rustc --print sysroot)
  mkdir -p "$root/usr/local/rustup/toolchains/$(basename "$rust")" "$root/usr/local/cargo/bin"
  tar -C "$rust" --exclude ./share -cf - . | tar -C "$root/usr/local/rustup/toolchains/$(basename "$rust")" -xf -
  cp "${RUSTUP_HOME:-$HOME/.rustup}/settings.toml" "$root/usr/local/rustup/"
  cp -a "$(dirname "$(command -v cargo)")"/{rustup,cargo,rustc} "$root/usr/local/cargo/bin/"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  container=$(buildah from scratch)
  buildah copy --quiet "$container" "$root" / >/dev/null
  buildah config --env RUSTUP_HOME=/usr/local/rustup --env CARGO_HOME=/usr/local/cargo \
    --env PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --rm "$container" "$name"
  rm -rf "$root"
}

# build_image ARCHITECTURE DIRECTORY NAME. Crates come from this machine's cache, filled before.
build_image() {
  cargo fetch --locked
  # Of the platform arguments, Debian's buildah knows all but this one.
  buildah build --layers --pull=never --network host --platform "linux/$1" --build-arg BUILDPLATFORM="linux/$(dpkg --print-architecture)" \
    --volume "${CARGO_HOME:-$HOME/.cargo}/registry:/usr/local/cargo/registry" --tag "$3:$1" "$2"
}

# Lets the kernel run arm64 programs, by qemu.
run_arm64_here() {
  [ "$(uname -m)" != aarch64 ] || return 0
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc \
    || skip "this kernel cannot be told to run arm64 programs (binfmt_misc)"
  [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64
}

locked_up=(--read-only --cap-drop=all --security-opt=no-new-privileges --pids-limit=64 --memory=64m)
# Some sandboxes have no cgroups to limit with.
[ -d /sys/fs/cgroup/pids ] || [ -e /sys/fs/cgroup/cgroup.subtree_control ] || locked_up=("${locked_up[@]:0:3}")

# What AgentCore asks of a container: GET /ping, and a JSON-RPC ping at both paths; ends when told to.
contract() {
  local container address
  container=$(podman run --detach "${locked_up[@]}" --publish 127.0.0.1::8000 "mcp-rehearsal:$1")
  at_end "podman rm --force $container"
  address=$(podman port "$container" 8000)
  eventually curl --silent --fail "http://$address/ping"
  for path in mcp mcp/; do
    curl --silent --fail --header 'content-type: application/json' --header 'host: cell01.prod.example' \
      --data '{"jsonrpc":"2.0","id":0,"method":"ping"}' "http://$address/$path" | expect '"result":{}'
  done
  podman stop --time 10 "$container"
  [ "$(podman inspect "$container" --format '{{.State.ExitCode}}')" = 0 ] || fail "the container does not end well"
}

# The demo through the AgentCore front door, with a container per session.
demo_against() {
  local directions=$work/directions
  cargo build --profile demo --locked --bin local-aws --bin mcp-sigv4 --bin agentcore-server --bin lambda-server
  printf '#!/bin/sh\nexport CONTAINERS_CONF=%q CONTAINERS_STORAGE_CONF=%q\nexec podman run --rm --label mcp-rehearsal %s --network host --env MCP_LISTEN %q\n' \
    "$CONTAINERS_CONF" "$CONTAINERS_STORAGE_CONF" "${locked_up[*]}" "mcp-rehearsal:$1" >"$work/container"
  chmod +x "$work/container"
  at_end 'podman ps --all --quiet --filter label=mcp-rehearsal | xargs --no-run-if-empty podman rm --force'
  build/demo/local-aws up --agentcore-port 0 --lambda-port 0 --logs --agentcore-server "$work/container" >"$directions" &
  at_end "kill $!"
  eventually grep -q 'The Lambda function URL' "$directions"
  (
    eval "$(grep '^export ' "$directions")"
    build/demo/mcp-sigv4 doctor "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/rust_mcp-localaws01"
    build/demo/mcp-sigv4 demo "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/rust_mcp-localaws01"
  ) | expect '^multiply_numbers(4, 7) = 28$'
}
