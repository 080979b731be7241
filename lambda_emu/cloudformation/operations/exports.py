"""What stacks export, and who imports it."""

from __future__ import annotations

from lambda_emu.cloudformation.operations.asked import Asked, Result
from lambda_emu.cloudformation.operations.describing import page
from lambda_emu.model.stacks import exports


def list_exports(asked: Asked) -> Result:
    found = [
        {"ExportingStackId": stack.id, "Name": name, "Value": value}
        for name, (value, stack) in sorted(exports(asked.context.store.stacks.all(asked.context.scope)).items())
    ]
    return page(asked, "Exports", found, lambda one: one, lambda one: str(one["Name"]))
