"""Layers of others that functions of a template name: those that are not here, and that do nothing here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.model.function.extensions import INSIGHTS, has_extension, layer_name
from lambda_emu.templates.kinds.functions import FUNCTION
from lambda_emu.templates.language.intrinsics import not_yet
from lambda_emu.templates.stack import Stack

UNKNOWN = "is not here, and the function goes without; --layers {}=./folder says what it holds"
NO_INSIGHTS = "is accepted, and sends no metrics here"


def layers_without_effect(stack: Stack, scope: Scope, is_known: Callable[[str], bool]) -> list[str]:
    """A line for each, in the order of the template. is_known: whether something stands for a layer of others."""
    template, found = stack.template, []
    for logical_id, resource in template.section("Resources").items():
        if resource["Type"] != FUNCTION or not stack.is_wanted(logical_id):
            continue
        place = ("Resources", logical_id, "Properties", "Layers")
        resolver = stack.resolver(not_yet)
        for number, arn in _arns(resolver.value((resource.get("Properties") or {}).get("Layers"), place)):
            at = (*place, number)
            if has_extension([arn], INSIGHTS):
                found.append((template.line(at), f"{template.where(at)}: {layer_name(arn)} {NO_INSIGHTS}"))
            elif arn.split(":")[4] != scope.account and not is_known(arn):
                said = UNKNOWN.format(layer_name(arn))
                found.append((template.line(at), f"{template.where(at)}: {arn} {said}"))
    return [text for _, text in sorted(found)]


def _arns(layers: Any) -> Iterator[tuple[int, str]]:
    """Those that are known before anything is made."""
    for number, layer in enumerate(layers if isinstance(layers, list) else ()):
        if isinstance(layer, str) and layer.startswith("arn:") and layer.count(":") >= 6:
            yield number, layer
