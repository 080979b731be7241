"""Whose request it is: account and region as the caller's credentials say. Signatures are not checked.

The region is that of the signature's scope. The account is the access key itself where that is an account's number,
the one inside a key that we gave to a function, else the emulator's own: real keys must find what others deployed.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import Scope
from lambda_emu.gateway.credential import MOST_BYTES, credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.model.credentials import account_of

MOST_KNOWN = 1024


class CallerContexts:
    """The context as each caller sees it."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._own_host = urlsplit(context.base_url).netloc
        self._known: dict[bytes, RequestContext] = {}  # by what a header begins with; callers have few

    def of(self, request: Request) -> RequestContext:
        """For the caller of this request, by its Authorization header."""
        authorization = request.head.first.get(b"authorization")
        if authorization is None:
            return self._context
        begins = authorization.partition(b",")[0]  # in every library's there is the credential
        return self._known.get(begins) or self._find(authorization, begins)

    def as_asked(self, request: Request) -> RequestContext:
        """The same, which knows by which name we were asked, if that is not the one we tell."""
        context, host = self.of(request), request.header(b"host")
        if host is None or host == self._own_host:
            return context
        return replace(context, asked_at=host)

    def _find(self, authorization: bytes, begins: bytes) -> RequestContext:
        credential, ours = credential_of(authorization), self._context
        if credential is None:
            return ours
        named = account_of(credential.access_key)
        scope = Scope(named or ours.scope.account, credential.region)
        known = ours.account_known or named is not None
        context = replace(ours, scope=scope, anonymous=False, account_known=known)
        if len(self._known) < MOST_KNOWN and len(begins) <= MOST_BYTES and credential_of(begins) is not None:
            self._known[begins] = context
        return context
