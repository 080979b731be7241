"""CancelUpdateStack, RollbackStack and ContinueUpdateRollback: a stack becomes again what it was."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from lambda_emu.cloudformation.errors import CannotRollBack, CannotSkip, IsServed, WrongStatus
from lambda_emu.cloudformation.operations.describing import resources_of
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.operations.stacks import begin, obsolete
from lambda_emu.cloudformation.planning import planned_again
from lambda_emu.cloudformation.records import find, look
from lambda_emu.model.stacks import SERVED, StackRecord


def cancel_update_stack(asked: StackRequest) -> Result:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    if record.status != "UPDATE_IN_PROGRESS" or not asked.deployer.cancel(record):
        raise WrongStatus("CancelUpdateStack")
    return {}


def rollback_stack(asked: StackRequest) -> Result:
    """Of what failed and was left as it was; one that never was whole loses its resources."""
    record = _found(asked)
    if record.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
        raise CannotRollBack(record.id, record.status)
    if record.before is not None:
        _roll_back(asked, record, ())
    else:
        asked.deployer.check_room()
        going = replace(_with_request(asked, record), status="ROLLBACK_IN_PROGRESS", reason=None)
        begin(asked.context, going, record, obsolete)
        asked.deployer.unmake(going, asked.context)
    return {"StackId": record.id}


def continue_update_rollback(asked: StackRequest) -> Result:
    record = _found(asked)
    if record.status != "UPDATE_ROLLBACK_FAILED" or record.before is None:
        raise WrongStatus("ContinueUpdateRollback")
    skips = asked.get("ResourcesToSkip") or ()
    _check_skips(asked, record, skips)
    _roll_back(asked, record, skips)
    return {}


def _found(asked: StackRequest) -> StackRecord:
    """NoSuchStack, IsServed."""
    record = find(asked.context, asked.members["StackName"], deleted=False)
    if record.origin == SERVED:
        raise IsServed(record.name)
    return record


def _with_request(asked: StackRequest, record: StackRecord) -> StackRecord:
    return replace(record, role=asked.get("RoleARN", record.role), token=asked.get("ClientRequestToken"))


def _roll_back(asked: StackRequest, record: StackRecord, skips: Collection[str]) -> None:
    assert record.before is not None
    context = asked.context
    now_s = context.clock.now_s()
    going = replace(_with_request(asked, record), status="UPDATE_ROLLBACK_IN_PROGRESS", reason=None, updated_s=now_s)
    planned = replace(planned_again(record.before, context, "DO_NOTHING"), record=going)
    asked.deployer.check_room()
    begin(context, going, record, obsolete)
    asked.deployer.roll_back(planned, context, skips)


def _check_skips(asked: StackRequest, record: StackRecord, skips: Collection[str]) -> None:
    """Each failed, in this stack or, as `STACK.Name`, in one within it. CannotSkip."""
    wrong = [name for name in skips if name not in {*_failed(asked, record), *_failed_within(asked, record, name)}]
    if wrong:
        raise CannotSkip(wrong)


def _failed(asked: StackRequest, record: StackRecord) -> set[str]:
    found = resources_of(asked.context, record)
    return {one["LogicalResourceId"] for one in found if one["ResourceStatus"] in ("UPDATE_FAILED", "CREATE_FAILED")}


def _failed_within(asked: StackRequest, record: StackRecord, name: str) -> set[str]:
    stack, _, _ = name.rpartition(".")
    child = look(asked.context, stack) if stack else None
    if child is None or record.id not in (child.parent, child.root):
        return set()
    return {f"{stack}.{one}" for one in _failed(asked, child)}
