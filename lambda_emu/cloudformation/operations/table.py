"""Every operation that is served."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.cloudformation.operations import describing, stacks
from lambda_emu.cloudformation.operations.asked import Operation

OPERATIONS: Mapping[str, Operation] = {
    "CreateStack": stacks.create_stack,
    "DeleteStack": stacks.delete_stack,
    "DescribeStackEvents": describing.describe_stack_events,
    "DescribeStackResource": describing.describe_stack_resource,
    "DescribeStackResources": describing.describe_stack_resources,
    "DescribeStacks": describing.describe_stacks,
    "ListStackResources": describing.list_stack_resources,
    "ListStacks": describing.list_stacks,
    "UpdateStack": stacks.update_stack,
}
