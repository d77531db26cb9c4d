"""Checks what the CloudFormation templates grant, after SAM's transformation.

    template.py transformed TEMPLATE    prints a SAM template as CloudFormation
    template.py grants                  compares every grant of both templates with what is meant

The identity policies must be those of policies/*.json, which local-aws enforces and the README
pastes.
"""

import json
import os
import sys
from pathlib import Path

import cfnlint.decode
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).parent.parent
WHERE = {"AWS::Partition": "aws", "AWS::Region": "<aws-region>", "AWS::AccountId": "<account-id>"}


def transformed(path):
    template, problems = cfnlint.decode.decode(str(ROOT / path))
    assert not problems, problems
    if "Transform" not in template:
        return template
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    # SAM takes no local code: sam build has put an S3 address there by then.
    for resource in template["Resources"].values():
        if "CodeUri" in resource["Properties"]:
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return Translator({}, Parser()).translate(template, {})


def resolve(value, names):
    """Puts in what is referred to, as far as `names` tells; fails on the rest."""
    match value:
        case {"Ref": name}:
            return names[name]
        case {"Fn::GetAtt": [resource, attribute]}:
            return names[f"{resource}.{attribute}"]
        case {"Fn::Sub": text}:
            for name, stands_for in names.items():
                text = text.replace("${" + name + "}", stands_for)
            assert "${" not in text, text
            return text
        case dict():
            return {key: resolve(item, names) for key, item in value.items()}
        case list():
            return [resolve(item, names) for item in value]
        case _:
            return value


def shipped(name):
    return json.loads((ROOT / "policies" / name).read_text())


def of_type(template, kind):
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def properties(template, kind, names):
    """The properties of the only resource of a kind."""
    (resource,) = of_type(template, kind).values()
    return resolve(resource["Properties"], names)


def same(what, found, meant):
    if found != meant:
        print(f"{what}\nfound: {json.dumps(found, indent=1)}\nmeant: {json.dumps(meant, indent=1)}")
        sys.exit(1)


def no_grant_is_open(template):
    """Nobody is let in by a wildcard, and no resource but those named can grant anything."""
    assert '"Principal": "*"' not in json.dumps(template), "a grant to everybody"
    granting = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"].startswith("AWS::IAM::") or "Permission" in resource["Type"] or "Policy" in resource["Type"]
    }
    for name in granting:
        documents = json.dumps(template["Resources"][name])
        assert documents.count('"Effect"') == documents.count('"Sid"'), f"a statement without a name in {name}"
    return granting


def lambda_grants():
    template = transformed("template.yaml")
    function_arn = "arn:aws:lambda:<aws-region>:<account-id>:function:<function-name>"
    names = WHERE | {
        "AWS::StackName": "<function-name>",
        "AWS::NoValue": "<none>",
        "McpFunction": "<function-name>",
        "McpFunction.Arn": function_arn,
        "ExecutionRole.Arn": "role",
        "LogGroup": "log",
        **{name: f"<{name}>" for name in template["Parameters"]},
    }
    same("what can grant", sorted(no_grant_is_open(template)),
         ["CallerPolicy", "CrossAccountInvoke", "CrossAccountUrl", "ExecutionRole"])

    function = properties(template, "AWS::Lambda::Function", names)
    same("architecture", function["Architectures"], ["arm64"])
    same("runtime", [function["Runtime"], function["Handler"]], ["provided.al2023", "bootstrap"])
    url = properties(template, "AWS::Lambda::Url", names)
    same("who may use the URL", url["AuthType"], "AWS_IAM")
    mode = function["Environment"]["Variables"]["MCP_INVOKE_MODE"]
    same("one invoke mode for URL and binary", [url["InvokeMode"], mode], ["<InvokeMode>"] * 2)

    policy = properties(template, "AWS::IAM::ManagedPolicy", names)
    same("the caller policy", policy["PolicyDocument"], shipped("function-url-caller.json"))
    role = properties(template, "AWS::IAM::Role", names)
    same("who may be the execution role", role["AssumeRolePolicyDocument"]["Statement"], [{
        "Sid": "RunAsThisRole",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }])
    same("the execution role's managed policies", role.get("ManagedPolicyArns"), None)
    same("the execution role", [(p["PolicyDocument"]["Statement"]) for p in role["Policies"]], [[{
        "Sid": "WriteItsLog",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:<aws-region>:<account-id>:log-group:/aws/lambda/<function-name>:*",
    }]])
    permissions = [resolve(p, names) for p in of_type(template, "AWS::Lambda::Permission").values()]
    common = {"FunctionName": "<function-name>", "Principal": "<CrossAccountCaller>"}
    same("the other account", permissions, [
        {"Type": "AWS::Lambda::Permission", "Condition": "HasCrossAccountCaller", "Properties": common | {
            "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM"}},
        {"Type": "AWS::Lambda::Permission", "Condition": "HasCrossAccountCaller", "Properties": common | {
            "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}},
    ])


def agentcore_grants():
    template = transformed("agentcore-server/deploy/runtime.yaml")
    arn = "arn:aws:bedrock-agentcore:<aws-region>:<account-id>:runtime/<runtime-id>"
    names = WHERE | {
        "RuntimeName": "<runtime-name>",
        "Repository": "<repository>",
        "Runtime.AgentRuntimeArn": arn,
    }
    same("what can grant", sorted(no_grant_is_open(template)), ["CallerPolicy", "ExecutionRole"])
    policy = properties(template, "AWS::IAM::ManagedPolicy", names)
    same("the caller policy", policy["PolicyDocument"], shipped("agentcore-caller.json"))
    role = properties(template, "AWS::IAM::Role", names)
    same("who may be the execution role", role["AssumeRolePolicyDocument"], shipped("agentcore-trust.json"))
    same("the execution role", [p["PolicyDocument"] for p in role["Policies"]], [shipped("agentcore-execution.json")])
    same("the execution role's managed policies", role.get("ManagedPolicyArns"), None)
    (runtime,) = of_type(template, "AWS::BedrockAgentCore::Runtime").values()
    same("protocol", runtime["Properties"]["ProtocolConfiguration"], "MCP")


match sys.argv[1:]:
    case ["transformed", path]:
        print(json.dumps(transformed(path), indent=1))
    case ["grants"]:
        lambda_grants()
        agentcore_grants()
    case _:
        sys.exit(__doc__)
