"""Each type of resources that a template may have: made, used, changed, replaced, removed. docs/sam.md#types."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from own import own_emulator
from test_templates_docs import OWN, of_schemas
from types_events import EVENTS
from types_functions import FUNCTIONS
from types_identities import IDENTITIES
from types_of_apis import APIS
from types_rig import Account, Row, template
from types_stores import STORES

from lambda_emu.model.stack_resource import StackResource
from lambda_emu.templates.kinds.table import KINDS

ROWS = [*STORES, *FUNCTIONS, *EVENTS, *IDENTITIES, *APIS]
STEPS = ("made", "changed", "replaced", "removed")


class Seen:
    """made: of each row, what there is of it now; before: what there was at the step before."""

    def __init__(self, step: str, account: Account, before: dict[str, StackResource]) -> None:
        self.step = step
        self.account = account
        self.before = before
        self.made = account.made()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("types")


@pytest.fixture(scope="module")
def kept() -> dict[str, StackResource]:
    return {}


@pytest.fixture(scope="module", params=STEPS)
def seen(request: pytest.FixtureRequest, folder: Path, kept: dict[str, StackResource]) -> Iterator[Seen]:
    """A server with the template of a step, on what the step before left."""
    step = request.param
    if step == "made":
        with own_emulator(folder, "process", stems=0) as lam:
            put_layers(Account(lam))
    (folder / "template.yaml").write_text("Resources: {}" if step == "removed" else template(ROWS, step))
    with own_emulator(folder, "process", stems=0) as lam:
        found = Seen(step, Account(lam), dict(kept))
        kept.update(found.made)
        yield found


def put_layers(account: Account) -> None:
    account.s3.create_bucket(Bucket="code")
    for name in ("words", "words2"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("words.txt", {"words": "old", "words2": "new"}[name])
        account.s3.put_object(Bucket="code", Key=f"{name}.zip", Body=packed.getvalue())


def test_every_type_has_a_row() -> None:
    assert sorted({row.type for row in ROWS}) == sorted(type for type in KINDS if not type.startswith(OWN))
    assert len({row.name for row in ROWS}) == len(ROWS)


NOT_GIVEN = {
    "AWS::ApiGateway::DomainName": {"DomainNameArn"},
    "AWS::ApiGatewayV2::DomainName": {"DomainNameArn"},
    "AWS::DynamoDB::GlobalTable": {"TableId"},
    "AWS::ElasticLoadBalancingV2::ListenerRule": {"IsDefault"},
    "AWS::Events::ApiDestination": {"ArnForPolicy"},
    "AWS::Events::Connection": {"ArnForPolicy"},
    "AWS::IAM::ManagedPolicy": {
        *("AttachmentCount", "CreateDate", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount"),
        "UpdateDate",
    },
    "AWS::Kinesis::Stream": {"WarmThroughputObject"},
    "AWS::Kinesis::StreamConsumer": {"ConsumerCreationTimestamp", "ConsumerStatus"},
    "AWS::Lambda::Function": {"SnapStartResponse"},
    "AWS::SES::EmailIdentity": {f"DkimDNSToken{what}{number}" for what in ("Name", "Value") for number in (1, 2, 3)},
    "AWS::Scheduler::ScheduleGroup": {"CreationDate", "LastModificationDate", "State"},
}
"""Attributes of CloudFormation's that `Fn::GetAtt` does not get here."""


@pytest.mark.parametrize("seen", ["made"], indirect=True)
def test_get_att_gets_what_cloudformation_gives(seen: Seen) -> None:
    """A list of what it does not get is above: docs/sam.md#types."""
    for one in seen.made.values():
        missing = of_schemas(one.kind, "readOnlyProperties") - one.attributes.keys()
        assert missing == NOT_GIVEN.get(one.kind, set()), one.kind


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.type}")
def test_each_type_is_made_changed_in_place_replaced_and_removed(seen: Seen, row: Row) -> None:
    if seen.step == "removed":
        assert row.name not in seen.made
        assert not row.seen(seen.account, seen.before[row.name])
        return

    one = seen.made[row.name]

    assert row.seen(seen.account, one) == row.expected(seen.step)
    if seen.step == "changed":
        assert one.identifier == seen.before[row.name].identifier
    if seen.step == "replaced" and row.replaced:
        assert one.identifier != seen.before[row.name].identifier
        assert row.seen(seen.account, seen.before[row.name]) != row.expected("changed")
