"""Whether a text is a policy that a function, version or alias can have: PutResourcePolicy.

docs/contract/api.md#policies.

The grammar is IAM's. A statement may name the resource itself, its versions and aliases, or a pattern that includes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from lambda_emu.model.policies import principals
from lambda_emu.model.policies.policy import compact
from lambda_emu.model.policies.refusals import PolicyDocumentInvalid, PrincipalInvalid
from lambda_emu.text.json_text import DECODER

VERSIONS = ("2012-10-17", "2008-10-17")
EFFECTS = ("Allow", "Deny")

_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_ACTION = re.compile(r"\*|lambda:[a-z*?]+", re.IGNORECASE)


def check_document(text: str, arn: str) -> None:
    """Raises PolicyDocumentInvalid, PrincipalInvalid. arn: of what the policy is for, qualified or not."""
    document = _parse(text)
    _check_members("the document", document, _DOCUMENT)
    _check(document.get("Version", VERSIONS[0]) in VERSIONS, f"Version must be one of {', '.join(VERSIONS)}")
    _check(isinstance(document.get("Id", ""), str), "Id must be a string")
    statements = _as_list(document.get("Statement"))
    _check(bool(statements), "Statement must be a statement or a list of them")
    for statement in statements:
        _check_statement(statement, arn)
    sids = [statement["Sid"] for statement in statements if "Sid" in statement]
    _check(len(sids) == len(set(sids)), "each Sid must be unique")


def _parse(text: str) -> dict[str, Any]:
    try:
        document = DECODER.decode(text)
        compact(document).encode()  # an escape may stand for half a character, which UTF-8 cannot have
    except (ValueError, RecursionError):
        raise PolicyDocumentInvalid("it is not JSON") from None
    _check(isinstance(document, dict), "it is not a JSON object")
    return dict(document)


def _check_statement(statement: Any, arn: str) -> None:
    _check(isinstance(statement, dict), "each statement must be an object")
    _check_members("a statement", statement, _STATEMENT)
    _check(isinstance(statement.get("Sid", ""), str), "Sid must be a string")
    _check(statement.get("Effect") in EFFECTS, f"Effect must be one of {', '.join(EFFECTS)}")
    _check_principal(_one_of(statement, "Principal"), arn.split(":")[1])
    _check_texts("Action", _one_of(statement, "Action"), lambda action: bool(_ACTION.fullmatch(action)))
    _check_texts("Resource", _one_of(statement, "Resource"), lambda pattern: names(pattern, arn))
    _check_condition(statement.get("Condition", {}))


def _one_of(statement: Mapping[str, Any], member: str) -> Any:
    """The value of the member or of its opposite; a statement has exactly one of them."""
    found = [name for name in (member, f"Not{member}") if name in statement]
    _check(len(found) == 1, f"a statement must have {member} or Not{member}")
    return statement[found[0]]


def _check_texts(member: str, value: Any, good: Callable[[str], bool]) -> None:
    texts = _as_list(value)
    _check(bool(texts), f"{member} must not be empty")
    for text in texts:
        _check(isinstance(text, str) and good(text), f"{member} has an invalid value")


def _check_principal(value: Any, partition: str) -> None:
    if value == principals.EVERYBODY:
        return
    _check(isinstance(value, dict) and bool(value), "Principal must be * or an object")
    good: Mapping[str, Callable[[str], bool]] = {
        "AWS": lambda text: text == principals.EVERYBODY or principals.is_caller(text, partition),
        "Service": principals.is_service,
    }
    for kind, named in value.items():
        _check(kind in good, "Principal may have AWS and Service")
        texts = _as_list(named)
        if not texts or not all(isinstance(text, str) and good[kind](text) for text in texts):
            raise PrincipalInvalid


def _check_condition(value: Any) -> None:
    """Which operators and keys exist is not checked."""
    _check(isinstance(value, dict), "Condition must be an object")
    for keys in value.values():
        _check(isinstance(keys, dict), "an operator of a Condition must have an object")
        for tested in keys.values():
            scalars = all(isinstance(text, str | bool | int | float) for text in _as_list(tested))
            _check(scalars, "the values of a Condition must be strings, numbers or booleans")


def names(pattern: str, arn: str) -> bool:
    """Whether a Resource is about what has this ARN, or about versions and aliases of the function that has it."""
    return fnmatchcase(arn, pattern.replace("[", "[[]")) or pattern.startswith(f"{arn}:")


def _as_list(value: Any) -> list[Any]:
    """IAM lets a single value stand for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _check_members(where: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    _check(not unknown, f"{where} has members that no policy has: {', '.join(unknown)}")


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise PolicyDocumentInvalid(otherwise)
