# The templates: linted as written and as SAM transforms them, and every grant compared with what is meant.
. "$(dirname "$0")/lib.sh"
sam_tools
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
"$venv/bin/sam" validate --lint
"$venv/bin/cfn-lint" template.yaml agentcore-server/deploy/runtime.yaml
# `sam validate --lint` lets a wrong InvokeMode pass; the transformed template does not.
"$venv/bin/python" rehearse/template.py transformed template.yaml >"$work/transformed.json"
"$venv/bin/cfn-lint" "$work/transformed.json"
"$venv/bin/python" rehearse/template.py grants
figure "2 templates without a finding, every grant as meant and those of policies/"
