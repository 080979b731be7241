"""Which changes make another resource in the place of one, as CloudFormation does where a service cannot change it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from lambda_emu.project.resources import Present, Resource
from lambda_emu.templates.kinds.kind import Kind, Properties
from lambda_emu.templates.language.references import references


def replacing(kinds: Mapping[str, Kind]) -> Callable[[Resource, Present, Collection[str]], bool]:
    """As project.resources.Order.another."""

    def another(wanted: Resource, there: Present, others: Collection[str]) -> bool:
        before, after = (one.shown.get("Properties") or {} for one in (there, wanted))
        return is_replaced(kinds[wanted.key.kind], before, after, others)

    return another


def is_replaced(kind: Kind, before: Properties, after: Properties, others: Collection[str]) -> bool:
    """Both as a template has them, with what refers to resources. others: those that there are others of by then."""
    if kind.update is None:
        return before != after or not references(after).isdisjoint(others)
    kept = [after[name] for name in kind.fixed & after.keys()]
    is_same = all(before.get(name) == after.get(name) for name in kind.fixed)
    return not is_same or not references(kept).isdisjoint(others)
