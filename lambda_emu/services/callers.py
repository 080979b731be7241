"""Whose a request to a service is, by the credential that it is signed with; the guard before it checks signatures."""

from __future__ import annotations

from lambda_emu.arn import Scope
from lambda_emu.gateway.credential import Credential, credential_in, credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.model.credentials import account_of


def signed_with(request: Request) -> Credential | None:
    """The one in its header, or in a URL that was signed beforehand; None: it has none of SigV4, as `Basic`."""
    return credential_of(request.head.first.get(b"authorization")) or credential_in(request.query)


def caller_of(request: Request, own: Scope) -> Scope:
    """own: of callers who sign nothing; its account is that of keys that say none."""
    credential = signed_with(request)
    if credential is None:
        return own
    if request.caller is not None and request.caller.account:
        return Scope(request.caller.account, credential.region)
    return Scope(account_of(credential.access_key) or own.account, credential.region)
