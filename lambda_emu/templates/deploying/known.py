"""What Ref and Fn::GetAtt give of a stack's resources, for what is made of them and for who is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.templates.elsewhere import Elsewhere
from lambda_emu.templates.kinds.kind import ANSWERED_IN, Made
from lambda_emu.templates.kinds.table import WITHOUT_EFFECT, kind_of
from lambda_emu.templates.kinds.unserved import attribute_of, property_of
from lambda_emu.templates.language.constraints import HIDDEN
from lambda_emu.templates.language.intrinsics import Wrong
from lambda_emu.templates.stack import Stack

NOT_ANSWERED = "CustomResource attribute error: Vendor response doesn't contain {} attribute in object {}"
"""CloudFormation's own."""


class KnownByMade:
    """As intrinsics.Known. made: what is there by now, by logical id.

    hidden: what is told in place of parameters that nobody is shown; an attribute that is a property in which they are,
    however many resources it is handed on by, is told with that too.
    """

    def __init__(
        self, stack: Stack, made: Mapping[str, Made], imported: Elsewhere, scope: Scope, hidden: Mapping[str, str]
    ) -> None:
        self._stack = stack
        self._made = made
        self._imported = imported
        self._scope = scope
        self._hidden = hidden
        self._plain = KnownByMade(stack, made, imported, scope, {}) if hidden else self
        self._said: dict[tuple[str, str], Any] = {}

    def __call__(self, name: str, attribute: str | None) -> Any:
        one = self._made[name]
        if attribute is None:
            return one.identifier
        if attribute not in one.attributes and ANSWERED_IN in one.attributes:
            raise Wrong(NOT_ANSWERED.format(attribute, one.attributes[ANSWERED_IN]))
        type, property = self._stack.template.section("Resources")[name]["Type"], property_of(attribute)
        if kind_of(type) is WITHOUT_EFFECT:
            return attribute_of(type, one.identifier, attribute, self._property(name, property), self._scope)
        value = one.attributes[attribute]
        if not self._hidden:
            return value
        told = self._property(name, property)
        if told == self._plain._property(name, property):
            return value
        return HIDDEN if told is None else told

    def _property(self, name: str, property: str) -> Any:
        """As the template says it; None where it does not. Looked at once, as many may ask for it."""
        if (name, property) not in self._said:
            said = (self._stack.template.section("Resources")[name].get("Properties") or {}).get(property)
            resolver = self._stack.resolver(self, self._imported, self._hidden)
            self._said[name, property] = resolver.value(said, ("Resources", name, "Properties", property))
        return self._said[name, property]
