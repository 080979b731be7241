"""Whose request it is: account and region as the caller's credentials say. Signatures are not checked.

The region is that of the signature's scope. The account is the access key itself where that is an account's number,
the one inside a key that we gave to a function, else the emulator's own: real keys must find what others deployed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import Scope
from lambda_emu.model.credentials import account_of

_BEGINS = "Credential="
_CREDENTIAL = re.compile(r"([^/\s,]++)/[^/\s,]++/([a-z0-9-]++)/[a-z0-9-]++/aws4_request")
MOST_CHARACTERS = 512
"""Of a credential; AWS's have about 70. Only the first one of a header is looked at, so that a search stays linear."""
MOST_KNOWN = 1024


class CallerContexts:
    """The context as each caller sees it."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self.clock = context.clock
        self._known: dict[str, RequestContext] = {}  # by credential; callers have few

    def of(self, environ: Mapping[str, Any]) -> RequestContext:
        """For the caller of this request, by its Authorization header."""
        return self.by_header(environ.get("HTTP_AUTHORIZATION"))

    def by_header(self, authorization: str | None) -> RequestContext:
        if authorization is None:
            return self._context
        begin = authorization.find(_BEGINS) + len(_BEGINS)
        found = _CREDENTIAL.match(authorization, begin, begin + MOST_CHARACTERS)
        if begin < len(_BEGINS) or found is None:
            return self._context
        key = found.group()
        context = self._known.get(key)
        if context is None:
            named, ours = account_of(found[1]), self._context
            scope = Scope(named or ours.scope.account, found[2])
            context = replace(ours, scope=scope, anonymous=False, account_known=ours.account_known or named is not None)
            if len(self._known) < MOST_KNOWN:
                self._known[key] = context
        return context
