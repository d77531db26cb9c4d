# The image: the Dockerfile as it is, built for arm64 and for this machine, run as locked up as can be.
. "$(dirname "$0")/lib.sh"
need buildah podman runc debootstrap curl iptables /usr/lib/podman/netavark=netavark qemu-aarch64-static=qemu-user-static update-binfmts=binfmt-support
[ "$(id -u)" -eq 0 ] || skip "building and running images here takes root"
. rehearse/containers.sh

rust_image
began=$SECONDS
build_image arm64 . mcp-rehearsal
built=$((SECONDS - began))
size=$(podman image inspect mcp-rehearsal:arm64 --format '{{.Size}}')
[ "$size" -lt 15000000 ] || fail "the image has $size bytes"
podman image inspect mcp-rehearsal:arm64 --format '{{.Architecture}} {{.Config.User}}' | expect -x 'arm64 65532:65532'
run_arm64_here
contract arm64
demo_against arm64

build_image amd64 . mcp-rehearsal
[ "$(uname -m)" != x86_64 ] || contract amd64
figure "linux/arm64 $(megabytes "$size"), built in $built s; read-only and without capabilities it answers the probe, /ping and the demo; linux/amd64 too"
