"""Whom a policy may name. docs/contract/api.md#policies."""

from __future__ import annotations

import re

from lambda_emu.model.policies.refusals import PrincipalInvalid

EVERYBODY = "*"
Principal = str | dict[str, str]

_ACCOUNT = re.compile(r"[0-9]{12}")
_NAME = r"[\w+=,.@/-]+"
_IDENTITY = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):"
    rf"(iam::[0-9]{{12}}:(root|(user|role)/{_NAME})|sts::[0-9]{{12}}:(assumed-role|federated-user)/{_NAME})",
    re.ASCII,
)
_SERVICE = re.compile(
    r"([a-z0-9-]+\.)+(amazonaws\.(com|com\.cn|eu)|amazon\.com|aws\.internal|c2s\.ic\.gov|sc2s\.sgov\.gov)"
)


def principal_element(principal: str, partition: str) -> Principal:
    """A request's Principal as a statement has it: an account as its root user, a service as one.

    AWS knows which accounts, identities and services exist and refuses others; here only the form counts.
    Raises PrincipalInvalid.
    """
    if principal == EVERYBODY:
        return EVERYBODY
    if is_service(principal):
        return {"Service": principal}
    if not is_caller(principal, partition):
        raise PrincipalInvalid
    return {"AWS": f"arn:{partition}:iam::{principal}:root" if _ACCOUNT.fullmatch(principal) else principal}


def is_caller(text: str, partition: str) -> bool:
    """Whether it is an account, or the ARN of its root, a user, a role or a session in this partition."""
    identity = _IDENTITY.fullmatch(text)
    return identity["partition"] == partition if identity else _ACCOUNT.fullmatch(text) is not None


def is_service(text: str) -> bool:
    return _SERVICE.fullmatch(text) is not None
