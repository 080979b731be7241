"""Every operation that is served."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.cloudformation.operations import (
    change_sets,
    describing,
    drifts,
    exports,
    rollbacks,
    settings,
    stacks,
    templates,
)
from lambda_emu.cloudformation.operations.request import Operation

OPERATIONS: Mapping[str, Operation] = {
    "CancelUpdateStack": rollbacks.cancel_update_stack,
    "ContinueUpdateRollback": rollbacks.continue_update_rollback,
    "CreateChangeSet": change_sets.create_change_set,
    "CreateStack": stacks.create_stack,
    "DeleteChangeSet": change_sets.delete_change_set,
    "DeleteStack": stacks.delete_stack,
    "DescribeAccountLimits": settings.describe_account_limits,
    "DescribeChangeSet": change_sets.describe_change_set,
    "DescribeStackDriftDetectionStatus": drifts.describe_stack_drift_detection_status,
    "DescribeStackEvents": describing.describe_stack_events,
    "DescribeStackResource": describing.describe_stack_resource,
    "DescribeStackResourceDrifts": drifts.describe_stack_resource_drifts,
    "DescribeStackResources": describing.describe_stack_resources,
    "DescribeStacks": describing.describe_stacks,
    "DetectStackDrift": drifts.detect_stack_drift,
    "DetectStackResourceDrift": drifts.detect_stack_resource_drift,
    "ExecuteChangeSet": change_sets.execute_change_set,
    "GetStackPolicy": settings.get_stack_policy,
    "GetTemplate": templates.get_template,
    "GetTemplateSummary": templates.get_template_summary,
    "ListChangeSets": change_sets.list_change_sets,
    "ListExports": exports.list_exports,
    "ListImports": exports.list_imports,
    "ListStackResources": describing.list_stack_resources,
    "ListStacks": describing.list_stacks,
    "RollbackStack": rollbacks.rollback_stack,
    "SetStackPolicy": settings.set_stack_policy,
    "UpdateStack": stacks.update_stack,
    "UpdateTerminationProtection": settings.update_termination_protection,
    "ValidateTemplate": templates.validate_template,
}
