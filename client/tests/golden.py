"""Prints botocore's SigV4 signatures for the requests of the known-answer tests.

    pip install botocore==1.43.* && python client/tests/golden.py
"""

import datetime
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BODY = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
ARN = "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fmy_mcp-abcdefghij"
AGENTCORE = "https://bedrock-agentcore.us-east-1.amazonaws.com"
FUNCTION = "https://abc123.lambda-url.us-east-1.on.aws"
LOCAL = "http://abc123.lambda-url.us-east-1.localhost:9001"

REQUESTS = [
    ("bedrock-agentcore", f"{AGENTCORE}/runtimes/{ARN}/invocations?qualifier=DEFAULT", "TOKEN"),
    ("bedrock-agentcore", f"{AGENTCORE}/runtimes/{ARN}/invocations?qualifier=DEFAULT", None),
    ("bedrock-agentcore", f"{AGENTCORE}/runtimes/my_mcp-abcdefghij/invocations?accountId=123456789012&qualifier=v%202", None),
    ("lambda", f"{FUNCTION}/mcp", "TOKEN"),
    ("lambda", f"{FUNCTION}/", None),
    ("lambda", f"{LOCAL}/mcp", None),
]


def signature(service, url, token):
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
    }
    request = AWSRequest(method="POST", url=url, data=BODY, headers=headers)
    now = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        botocore.auth.SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return request.headers["Authorization"].rsplit("Signature=", 1)[1]


for service, url, token in REQUESTS:
    print(signature(service, url, token), service, url, token)
