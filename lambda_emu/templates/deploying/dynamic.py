"""Dynamic references of templates, `{{resolve:ssm:name}}`: values that are looked up when a resource is made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach

log = logging.getLogger(__name__)

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]{1,2100})\}\}")
MOST = 60
"""Of one resource, as CloudFormation has it for a stack's."""
_WHOLE = "SecretString"


def look_up(value: Any, reach: Reach, *, is_served: bool) -> Any:
    """The value with what its references lead to.

    is_served: one that leads nowhere is told and stays as it is, since it can be put there only once a server runs;
    else CannotChange.
    """
    return _Lookup(reach, is_served).value(value)


class _Lookup:
    def __init__(self, reach: Reach, is_served: bool) -> None:
        self._reach = reach
        self._is_served = is_served
        self._found: dict[str, str] = {}

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.value(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return _REFERENCE.sub(self._text, value) if isinstance(value, str) else value

    def _text(self, reference: re.Match[str]) -> str:
        said, service, rest = reference[0], reference[1], reference[2]
        if said not in self._found:
            if len(self._found) >= MOST:
                raise CannotChange(f"Too many dynamic references: at most {MOST}")
            try:
                found = self._secret(rest) if service == "secretsmanager" else self._parameter(service, rest)
            except CannotChange as error:
                if not self._is_served:
                    raise
                log.warning("%s stays as it is: %s", said, error)
                found = said
            self._found[said] = found
        return self._found[said]

    def _parameter(self, service: str, rest: str) -> str:
        """`name` or `name:version`."""
        found = self._reach.find("ssm", "GetParameter", Name=rest, WithDecryption=service == "ssm-secure")
        if found is None:
            raise CannotChange(f"Parameters: [{service}:{rest}] cannot be found.")
        if (found["Parameter"]["Type"] == "SecureString") != (service == "ssm-secure"):
            raise CannotChange(
                f"SSM Secure reference is not supported in: [{rest}]"
                if service == "ssm-secure"
                else f"Non-secure ssm prefix was used for secure parameter: [{rest}]"
            )
        return str(found["Parameter"]["Value"])

    def _secret(self, rest: str) -> str:
        """`id`, or `id:SecretString:key:stage:version`; id may be an ARN, which has colons of its own."""
        parts = rest.split(":")
        ends = 7 if parts[0] == "arn" else 1
        id, (kind, key, stage, version, *more) = ":".join(parts[:ends]), [*parts[ends:], "", "", "", ""]
        if kind not in ("", _WHOLE) or any(more) or (stage and version):
            raise CannotChange(f"Incorrect format is used in the following SSM reference: [secretsmanager:{rest}]")
        which = {"VersionStage": stage} if stage else {"VersionId": version} if version else {}
        found = self._reach.find("secretsmanager", "GetSecretValue", SecretId=id, **which)
        if found is None or _WHOLE not in found:
            raise CannotChange("Secrets Manager can't find the specified secret.")
        return _member(str(found[_WHOLE]), key) if key else str(found[_WHOLE])


def _member(secret: str, key: str) -> str:
    try:
        said = json.loads(secret)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise CannotChange("Could not parse SecretString JSON")
    if key not in said:
        raise CannotChange("Could not find a value associated with JSONKey in SecretString")
    value = said[key]
    return value if isinstance(value, str) else json.dumps(value)
