# `agentcore`, the older tool to the end and the newer as far as it goes without an account, by the
# README's own commands; and what they upload is opened, and built.
. "$(dirname "$0")/lib.sh"
need unzip npm
start_aws
venv agentcore 'bedrock-agentcore-starter-toolkit==0.3.14'
export PATH=$venv/bin:$PATH
cargo build --profile demo --locked --bin mcp-sigv4
export PATH=$PWD/build/demo:$PATH
checkout
cd "$checkout"
follow README.md 'Before you deploy' 'export ' fill mkdir
follow README.md 'Deploy to AgentCore' fill 'aws iam'
follow README.md 'Deploy to AgentCore' 'agentcore launch'
follow README.md 'Deploy to AgentCore' 'agentcore status' | expect 'DEFAULT (READY)'

# As the runtime was made: its protocol, its role, its idle timeout.
follow README.md 'Deploy to AgentCore' 'export '
aws bedrock-agentcore-control get-agent-runtime --agent-runtime-id "$RUNTIME" --output text \
  --query '[protocolConfiguration.serverProtocol, roleArn, lifecycleConfiguration.idleRuntimeSessionTimeout]' \
  | expect -P '^MCP\tarn:aws:iam::123456789012:role/rust-mcp-execution\t60$'
# What the role may do is what policies/ says, with nothing left open.
aws iam get-role-policy --role-name rust-mcp-execution --policy-name image-and-logs --query PolicyDocument >execution.json
! grep -q '[<>]' execution.json || fail "a placeholder is left: $(cat execution.json)"

# By name: from the file that the launch wrote, and from the account.
named() { mcp-sigv4 -v tools --agent rust_mcp --timeout 5 2>&1 || true; }
AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=http://127.0.0.1:1 named | expect -F "runtime%2F$RUNTIME"
(cd / && named) | expect -F "runtime%2F$RUNTIME"

# Who may call, as the README gives it and takes it back.
follow README.md 'Who may call' fill 'aws iam' 'aws configure set' | expect -F mcp-caller
grep -F "runtime/$RUNTIME/*" build/agentcore-caller.json
[ "$(aws iam list-users --query 'length(Users)')" = 0 ] || fail "a user is left"
[ "$(aws iam list-policies --scope Local --query 'length(Policies)')" = 0 ] || fail "a policy is left"

archive=$work/source.zip
aws s3 cp --quiet s3://bedrock-agentcore-codebuild-sources-123456789012-us-east-1/rust_mcp/source.zip "$archive"
size=$(size_of "$archive")
[ "$size" -lt 2000000 ] || fail "the launch uploads $size bytes"
follow README.md 'Deploy to AgentCore' 'agentcore destroy' <<<y
[ "$(aws bedrock-agentcore-control list-agent-runtimes --query 'length(agentRuntimes)')" = 0 ] || fail "a runtime is left"
[ "$(aws ecr describe-repositories --query 'length(repositories)')" = 0 ] || fail "a repository is left"
[ "$(aws iam list-roles --query 'length(Roles)')" = 0 ] || fail "a role is left"

# The newer tool. Its pages for development and some of its AWS packages are not in every registry,
# and not needed to validate and to synthesise.
newer="not to be had"
if (
  mkdir -p "$work/npm/stub" && cd "$work/npm"
  echo '{"name": "@aws/agent-inspector", "version": "0.6.1"}' >stub/package.json
  cat >package.json <<'PACKAGE'
{"private": true, "dependencies": {"@aws/agentcore": "0.30.0"},
 "overrides": {"@aws-sdk/client-s3files": "^3.1053.0", "@aws/agent-inspector": "file:./stub", "@aws-cdk/toolkit-lib": "1.28.0"}}
PACKAGE
  [ -e ready ] || { npm install --no-audit --no-fund --ignore-scripts && touch ready; }
); then
  export PATH=$work/npm/node_modules/.bin:$PATH
  cd "$checkout"
  # Its CDK application is installed below, where the registry may lack the version it names.
  eval "$(python3 "$repository/rehearse/readme.py" "$repository/agentcore-server/deploy/README.md" 'With @aws/agentcore' \
    'agentcore create' fill 'agentcore validate' | sed 's/--skip-git/& --skip-install/')"
  (
    cd agentcore/cdk
    npm view "@aws/agentcore-cdk@$(node -p 'require("./package.json").dependencies["@aws/agentcore-cdk"]')" version | grep -q . ||
      npm pkg set 'dependencies.@aws/agentcore-cdk=0.1.0-alpha.45'
    npm install --no-audit --no-fund
  )
  agentcore deploy --dry-run --yes --json | expect '"success":true'
  synthesised=$(echo agentcore/cdk/cdk.out/*.template.json)
  grep -q '"RoleArn": "arn:aws:iam::123456789012:role/rust-mcp-execution"' "$synthesised"
  grep -q '"AgentRuntimeName": "rust_mcp"' "$synthesised"
  grep -q '"RepositoryName": "rust/mcp"' "$synthesised"
  asset=$(du --summarize --bytes agentcore/cdk/cdk.out/asset.* | cut -f1)
  [ "$asset" -lt 2000000 ] || fail "@aws/agentcore uploads $asset bytes"
  newer="validated and synthesised, $(megabytes "$asset") unpacked"
fi

# What is uploaded is enough to build.
builds="not built, which takes root"
if [ "$(id -u)" -eq 0 ]; then
  cd "$repository"
  need buildah debootstrap
  . rehearse/containers.sh
  rust_image
  unpacked=$(mktemp -d)
  at_end "rm -rf $unpacked"
  unzip -q "$archive" -d "$unpacked"
  build_image arm64 "$unpacked" mcp-uploaded
  builds="builds"
fi
figure "launched, found by name and destroyed against moto; archive $(megabytes "$size"), $builds; @aws/agentcore: $newer"
