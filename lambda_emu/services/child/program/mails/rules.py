"""Which rules of SES an e-mail meets on its arrival, and in which order; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

Rule = Mapping[str, Any]


class Disposition(Enum):
    """What happens after an action, as SES calls it."""

    CONTINUE = auto()
    STOP_RULE = auto()
    STOP_RULE_SET = auto()


def run(
    rules: Sequence[Rule],
    recipients: Sequence[str],
    own_domains: frozenset[str],
    act: Callable[[Rule, Mapping[str, Any], Sequence[str]], Disposition],
) -> None:
    """own_domains: those that a rule which names nobody receives for. act: with a rule, an action and for whom."""
    for rule in rules:
        matched = matching(rule, recipients, own_domains)
        if not matched:
            continue
        for action in rule.get("Actions") or ():
            disposition = act(rule, action, matched)
            if disposition is Disposition.STOP_RULE_SET:
                return
            if disposition is Disposition.STOP_RULE:
                break


def matching(rule: Rule, recipients: Sequence[str], own_domains: frozenset[str]) -> list[str]:
    """Those of an e-mail's recipients that the rule is for."""
    if not rule.get("Enabled"):
        return []
    named = [str(one).lower() for one in rule.get("Recipients") or ()]
    if not named:
        return [one for one in recipients if one.rpartition("@")[2].lower() in own_domains]
    return [one for one in recipients if any(_is_meant(one.lower(), name) for name in named)]


def _is_meant(recipient: str, name: str) -> bool:
    """name: an address, with or without a label; a domain; or all below one, if it begins with a dot."""
    local, _, domain = recipient.rpartition("@")
    if "@" in name:
        return name in (recipient, f"{local.partition('+')[0]}@{domain}")
    return domain.endswith(name) if name.startswith(".") else domain == name
