"""What stacks export, and who imports it."""

from __future__ import annotations

from lambda_emu.cloudformation.errors import Invalid
from lambda_emu.cloudformation.operations.describing import page
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.model.stacks import exports
from lambda_emu.templates.deploying.exports import importers


def list_exports(asked: StackRequest) -> Result:
    found = [
        {"ExportingStackId": stack.id, "Name": name, "Value": value}
        for name, (value, stack) in sorted(exports(asked.context.store.stacks.all(asked.context.scope)).items())
    ]
    return page(asked, "Exports", found, lambda one: one, lambda one: str(one["Name"]))


def list_imports(asked: StackRequest) -> Result:
    """Names of stacks."""
    context, name = asked.context, asked.members["ExportName"]
    if name not in exports(context.store.stacks.all(context.scope)):
        raise Invalid(f"No export named {name} found")
    found = importers(name, context)
    if not found:
        raise Invalid(f"Export '{name}' is not imported by any stack.")
    return page(asked, "Imports", found, lambda one: one, str)
