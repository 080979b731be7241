"""Whom the Principal of a statement means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from msgspec import Struct

from lambda_emu.model.caller import Caller, CallerKind

EVERYBODY = "*"
ROOT = ":root"


class Named(IntEnum):
    """How a Principal names a caller, the nearest last: not, by the account, by the role (or as everybody), itself.

    By its account it may do what its own policies allow as well; by its role it is still held to what narrows it.
    """

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    ITSELF = 3


class Principals(Struct, frozen=True):
    """All that one Principal names. is_inverted: it is a NotPrincipal."""

    aws: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()
    everybody: bool = False
    is_inverted: bool = False

    def named(self, caller: Caller) -> Named:
        found = self._named(caller)
        return (Named.ITSELF if found is Named.NOT else Named.NOT) if self.is_inverted else found

    def _named(self, caller: Caller) -> Named:
        if caller.kind is CallerKind.SERVICE:
            return Named.ITSELF if self.everybody or caller.arn in self.services else Named.NOT
        if caller.kind is CallerKind.ANONYMOUS:
            return Named.ROLE if self.everybody or EVERYBODY in self.aws else Named.NOT
        if caller.arn in self.aws or caller.user_id in self.aws:
            return Named.ITSELF
        role_id = caller.user_id.partition(":")[0]
        if caller.role_arn is not None and (caller.role_arn in self.aws or role_id in self.aws):
            return Named.ROLE
        if self.everybody or EVERYBODY in self.aws:
            return Named.ROLE
        return Named.ACCOUNT if caller.account and caller.account in self.aws else Named.NOT


def read_principals(value: Any, *, is_inverted: bool = False) -> Principals:
    """What cannot be read names nobody. An account is kept by its number, also where its root's ARN stands for it."""
    if value == EVERYBODY:
        return Principals(everybody=True, is_inverted=is_inverted)
    told = value if isinstance(value, dict) else {}
    aws = frozenset(_account(text) for text in _texts(told.get("AWS")))
    services, federated = frozenset(_texts(told.get("Service"))), frozenset(_texts(told.get("Federated")))
    return Principals(aws, services, federated, is_inverted=is_inverted)


def _account(text: str) -> str:
    return text.split(":")[4] if text.endswith(ROOT) and text.count(":") == 5 else text


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
