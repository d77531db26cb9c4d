# `sam deploy` and the CloudFormation template of the runtime, against moto: the commands ask nothing,
# the stacks have the outputs that the client takes. What moto cannot show is whether AWS accepts them.
. "$(dirname "$0")/lib.sh"
sam_tools
sam=$venv
cargo_lambda_tools
cargo_lambda=$venv
start_aws
export PATH=$cargo_lambda/bin:$sam/bin:$PATH
cargo build --profile demo --locked --bin mcp-sigv4
export PATH=$PWD/build/demo:$PATH

follow README.md 'Before you deploy' 'export '
said_by() { mcp-sigv4 -v tools --stack "$1" --timeout 5 2>&1 || true; }

# In this directory, so that what step `function` compiled is used.
follow README.md 'Deploy to Lambda' 'sam build' </dev/null
follow README.md 'Deploy to Lambda' 'export '
said_by rust-mcp | expect -F "target=$FUNCTION_URL"
aws lambda get-function-configuration --function-name rust-mcp --output text \
  --query '[Runtime, MemorySize, Timeout, Environment.Variables.MCP_INVOKE_MODE]' \
  | expect -P '^provided.al2023\t256\t30\tBUFFERED$'
follow README.md 'Deploy to Lambda' 'sam deploy' </dev/null
aws lambda get-function-configuration --function-name rust-mcp --output text \
  --query '[MemorySize, Environment.Variables.MCP_INVOKE_MODE]' | expect -P '^512\tRESPONSE_STREAM$'
sam delete --no-prompts
[ "$(aws lambda list-functions --query 'length(Functions)')" = 0 ] || fail "the function is left"

follow agentcore-server/deploy/README.md 'With CloudFormation alone' 'aws cloudformation deploy'
said_by rust-mcp-agentcore | expect 'runtime%2Frust_mcp-' || fail "--stack does not find the runtime"
figure "sam deploy, a second one with other parameters, and sam delete without a question; both stacks found by --stack"
