"""Serves the APIs that a deployment talks to, by moto, on loopback.

    moto_server.py PORT

Added is what AWS does and moto 5.2 does not, as little as lets the deployment tools go on:
a runtime has an ARN of the real form and a DEFAULT endpoint; SAM templates are transformed, by
AWS's own translator; outputs are those of the change set; a function URL and a runtime can be
made by CloudFormation.
"""

import os
import secrets
import sys

# SAM's translator asks for it.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from moto.awslambda.models import lambda_backends
from moto.bedrockagentcorecontrol.models import AgentRuntime, BedrockAgentCoreControlBackend
from moto.bedrockagentcorecontrol.models import bedrockagentcorecontrol_backends
from moto.cloudformation.models import ChangeSet, Stack
from moto.core.common_models import CloudFormationModel
from moto.server import main
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def around(owner, name):
    """Replaces a method by a function that gets the original first."""

    def replace(function):
        original = getattr(owner, name)
        setattr(owner, name, lambda *arguments, **options: function(original, *arguments, **options))
        return function

    return replace


@around(AgentRuntime, "__init__")
def with_a_real_arn(original, self, *arguments, **options):
    original(self, *arguments, **options)
    self.agent_runtime_id = f"{self.agent_runtime_name}-{secrets.token_hex(5)}"
    self.agent_runtime_arn = (
        f"arn:aws:bedrock-agentcore:{self.region_name}:{self.account_id}:runtime/{self.agent_runtime_id}"
    )


@around(BedrockAgentCoreControlBackend, "create_agent_runtime")
def with_an_endpoint(original, self, *arguments, **options):
    runtime = original(self, *arguments, **options)
    self.create_agent_runtime_endpoint(runtime.agent_runtime_id, "DEFAULT", "1", None, None)
    return runtime


def transformed(template):
    """What AWS makes of a SAM template; any other as it is."""
    if "Transform" not in template:
        return template
    defaults = {name: parameter.get("Default") for name, parameter in template.get("Parameters", {}).items()}
    result = Translator({}, Parser()).translate(template, defaults)
    result.pop("Transform", None)
    return result


@around(ChangeSet, "_parse_template")
@around(Stack, "_parse_template")
def and_transform(original, self):
    original(self)
    self.template_dict = transformed(self.template_dict or {})


@around(ChangeSet, "apply")
def with_its_outputs(original, self):
    original(self)
    self.stack.template = self.template
    self.stack._parse_template()
    self.stack.output_map = self.stack._create_output_map()


class FunctionUrl(CloudFormationModel):
    # moto reads the service from it.
    __module__ = "moto.awslambda.url"

    def __init__(self, url):
        self.url = url
        self.physical_resource_id = url.function.function_arn

    @staticmethod
    def cloudformation_type():
        return "AWS::Lambda::Url"

    @classmethod
    def create_from_cloudformation_json(cls, name, template, account_id, region, **_):
        properties = template["Properties"]
        backend = lambda_backends[account_id][region]
        return cls(backend.create_function_url_config(properties["TargetFunctionArn"], properties))

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, cloudformation_json, **_):
        original_resource.url.update(cloudformation_json["Properties"])
        return original_resource

    @classmethod
    def has_cfn_attr(cls, attribute):
        return attribute == "FunctionUrl"

    def get_cfn_attribute(self, attribute):
        return self.url.url + "/"


class Runtime(CloudFormationModel):
    __module__ = "moto.bedrockagentcorecontrol.runtime"

    def __init__(self, runtime):
        self.runtime = runtime
        self.physical_resource_id = runtime.agent_runtime_id

    @staticmethod
    def cloudformation_type():
        return "AWS::BedrockAgentCore::Runtime"

    @classmethod
    def create_from_cloudformation_json(cls, name, template, account_id, region, **_):
        properties = template["Properties"]
        backend = bedrockagentcorecontrol_backends[account_id][region]
        return cls(
            backend.create_agent_runtime(
                agent_runtime_name=properties["AgentRuntimeName"],
                agent_runtime_artifact=properties["AgentRuntimeArtifact"],
                role_arn=properties["RoleArn"],
                network_configuration=properties["NetworkConfiguration"],
                description=properties.get("Description"),
                authorizer_configuration=None,
                request_header_configuration=None,
                protocol_configuration={"serverProtocol": properties["ProtocolConfiguration"]},
                lifecycle_configuration=properties.get("LifecycleConfiguration"),
                environment_variables=None,
                tags=None,
            )
        )

    @classmethod
    def has_cfn_attr(cls, attribute):
        return attribute == "AgentRuntimeArn"

    def get_cfn_attribute(self, attribute):
        return self.runtime.agent_runtime_arn


if __name__ == "__main__":
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
