"""A question as the request that a function's own SDK would send, signed with its credentials."""

from __future__ import annotations

import json

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from lambda_emu.model.credentials import Credentials
from lambda_emu.services.secrets_extension.questions import Question
from lambda_emu.services.web_requests import WebRequest


def signed(url: str, question: Question, credentials: Credentials, region: str) -> WebRequest:
    """url: of who serves the service."""
    body = json.dumps(question.members).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": question.target}
    asked = AWSRequest("POST", f"{url}/", headers, body)
    whose = BotocoreCredentials(credentials.access_key, credentials.secret, credentials.token or None)
    SigV4Auth(whose, question.service, region).add_auth(asked)
    return WebRequest("POST", f"{url}/", {}, dict(asked.headers.items()), body)
