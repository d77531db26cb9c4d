# What the steps share. A step prints its figure last (`figure: …`), or `skip: …` and ends with 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$PWD/build/rehearse
mkdir -p "$work"
# Nothing of the developer's own account.
unset ${!AWS_@}
export AWS_CONFIG_FILE=$work/aws.config AWS_SHARED_CREDENTIALS_FILE=$work/aws.credentials AWS_EC2_METADATA_DISABLED=true
export CARGO_TERM_COLOR=never SAM_CLI_TELEMETRY=0 AGENTCORE_SUPPRESS_RECOMMENDATION=1 AGENTCORE_TELEMETRY_DISABLED=1

figure() { echo "figure: $*"; }
skip() { echo "skip: $*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }

# A virtual environment of that name with these packages, once; $venv is where it is.
venv() {
  local name=$1
  shift
  venv=$work/$name
  if [ ! -e "$venv/ready" ]; then
    python3 -m venv "$venv" || skip "python3 with venv is needed"
    "$venv/bin/pip" install --quiet "$@" || skip "not to be had from PyPI: $*"
    touch "$venv/ready"
  fi
}

sam_tools() { venv sam 'aws-sam-cli==1.170.0' 'cfn-lint==1.58.0'; }
cargo_lambda_tools() { venv cargo-lambda 'cargo-lambda==1.9.2' 'ziglang==0.17.1'; }

# Commands of the system, installed where that is possible: COMMAND=DEBIAN-PACKAGE…
need() {
  local missing=() pair
  for pair in "$@"; do
    [ -e "${pair%%=*}" ] || command -v "${pair%%=*}" >/dev/null || missing+=("${pair##*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" && return
  fi
  skip "these Debian packages are needed: ${missing[*]}"
}

# A port that was free a moment ago.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Waits until a command succeeds, 30 s at the most.
eventually() {
  local _
  for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
  fail "this never worked: $*"
}

# Ends processes and containers when the step ends, however it ends.
endings=()
at_end() { endings+=("$*"); }
trap 'for ending in "${endings[@]}"; do eval "$ending" >/dev/null 2>&1 || true; done' EXIT

# AWS's APIs by moto, with credentials for them, and the `aws` of its environment on the PATH. The
# region is set as the README says.
start_aws() {
  venv moto 'moto[server]==5.2.5' 'aws-sam-translator==1.113.0' 'awscli==1.46.3'
  local port
  port=$(free_port)
  "$venv/bin/python" rehearse/moto_server.py "$port" >"$work/moto.log" 2>&1 &
  at_end "kill $!"
  # Not 127.0.0.1: S3 puts the bucket before the host's name.
  export AWS_ENDPOINT_URL=http://localhost:$port
  export BEDROCK_AGENTCORE_CP_ENDPOINT=$AWS_ENDPOINT_URL BEDROCK_AGENTCORE_DP_ENDPOINT=$AWS_ENDPOINT_URL
  export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing COLUMNS=120
  export PATH=$venv/bin:$PATH
  eventually env AWS_DEFAULT_REGION=us-east-1 aws sts get-caller-identity
}

# What a fresh checkout holds, uncommitted changes included, in a new directory; beside it a build
# directory, as after `cargo demo`, that must not be uploaded.
checkout() {
  checkout=$(mktemp -d)
  at_end "rm -rf $checkout"
  git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
  done | tar --null -T - -cf - | tar -x -C "$checkout"
  mkdir -p "$checkout/build/debug"
  head -c 20000000 /dev/urandom >"$checkout/build/debug/large"
}

# Runs the commands of a section of a README that begin with one of the given words, as they are.
repository=$PWD
follow() {
  local commands file=$1
  shift
  commands=$(python3 "$repository/rehearse/readme.py" "$repository/$file" "$@")
  echo "$commands"
  eval "$commands"
}

# Passes its input on, and fails unless grep finds something in it: expect [OPTION…] PATTERN
expect() {
  local text
  text=$(cat)
  echo "$text"
  grep --quiet "$@" <<<"$text" || fail "nothing like this was printed: $*"
}

size_of() { stat -c %s "$1"; }
megabytes() { python3 -c "print(f'{$1 / 1e6:.2f} MB')"; }
