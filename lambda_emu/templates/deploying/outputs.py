"""What a stack tells once it is made: where its APIs are, and its outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lambda_emu.model.stacks import StackOutput
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.language.constraints import text_of
from lambda_emu.templates.language.intrinsics import Resolver
from lambda_emu.templates.stack import Stack
from lambda_emu.triggers.addresses import address_below
from lambda_emu.triggers.execute_api.refusals import LABEL, PATH

_ON_AWS = re.compile(r"https?://([a-z0-9]{8,10})\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?(/?)")
"""An address that AWS would answer, of an API by its id."""


def outputs_of(resolver: Resolver, stack: Stack, reach: Reach) -> Iterator[StackOutput]:
    """Each output; addresses of APIs on AWS are told as those that are answered here. Mistakes are the resolver's."""
    for name, output in stack.template.section("Outputs").items():
        place = ("Outputs", name)
        if not isinstance(output, dict) or "Value" not in output:
            continue
        if "Condition" in output and not resolver.condition(str(output["Condition"]), (*place, "Condition")):
            continue
        value = resolver.value(output["Value"], (*place, "Value"))
        if not isinstance(value, str | int | float):
            continue
        said = output.get("Export")
        export = resolver.value(said.get("Name") if isinstance(said, dict) else None, (*place, "Export", "Name"))
        yield StackOutput(
            name, _here(text_of(value), reach), output.get("Description"), None if export is None else str(export)
        )


def _here(text: str, reach: Reach) -> str:
    def local(found: re.Match[str]) -> str:
        return address_below(found[1], LABEL, reach.context.scope.region, reach.context.base_url, PATH)

    return _ON_AWS.sub(local, text)
