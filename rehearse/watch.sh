# The function under `cargo lambda watch`, as on a laptop: a plain MCP client and the demo.
. "$(dirname "$0")/lib.sh"
cargo_lambda_tools
cargo_lambda=$venv
venv mcp 'mcp==1.30.0'
cargo build --profile demo --locked --bin mcp-sigv4
port=$(free_port)
PATH=$cargo_lambda/bin:$PATH cargo lambda watch --invoke-address 127.0.0.1 --invoke-port "$port" &
at_end "kill $!"
url=http://127.0.0.1:$port/lambda-url/lambda-server/
eventually curl --silent --output /dev/null "http://127.0.0.1:$port/"
# The first call waits until the function has been built.
build/demo/mcp-sigv4 demo --timeout 600 "$url" | expect '^add_numbers(5, 3) = 8$'
"$venv/bin/python" rehearse/plain_client.py "$url"
figure "the demo, and the Python SDK without a signature"
