"""Who may ask what of CloudFormation, and with whose rights a stack is made, by boto3. docs/security.md#iam."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from iam_rig import ACCOUNT, REGION, SECRET, Account, Party, allow, deny, refusal, text, trusting_services
from own import own_emulator
from waiting import eventually

STACKS = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack"
QUEUES = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
TRUST_NAME = "cloudformation.amazonaws.com"
TRUST = trusting_services(TRUST_NAME)
ROLE_OF_FUNCTION = f"arn:aws:iam::{ACCOUNT}:role/of-stacks-functions"
QUEUE = json.dumps({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}})
FUNCTION = json.dumps(
    {
        "Resources": {
            "Jobs": {"Type": "AWS::SQS::Queue"},
            "Hello": {
                "Type": "AWS::Lambda::Function",
                "DependsOn": "Jobs",
                "Properties": {
                    "Runtime": "python3.11",
                    "Handler": "index.handler",
                    "Role": ROLE_OF_FUNCTION,
                    "Code": {"ZipFile": "def handler(event, context):\n    return 'hello'\n"},
                },
            },
        }
    }
)
LAMBDA = ["lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction", "lambda:GetFunctionConfiguration"]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        account = Account(lam, ACCOUNT)
        account.role("of-stacks-functions")
        yield account


def ends(party: Party, name: str, status: str) -> None:
    def stack() -> Any:
        (found,) = party.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return found["StackStatus"]

    eventually(lambda: stack() == status, f"{name} becomes {status}", 60)


def reasons(party: Party, name: str) -> dict[str, str]:
    """Why what failed did, by its logical id."""
    events = party.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return {
        one["LogicalResourceId"]: one["ResourceStatusReason"]
        for one in events
        if one["ResourceStatus"].endswith("_FAILED")
    }


def user(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


# -- who may ask


def test_whoever_no_policy_lets_is_refused_in_cloudformations_words(strict: Account) -> None:
    client = strict.user("stack-nobody").client("cloudformation")
    id = strict.root.client("cloudformation").create_stack(StackName="there", TemplateBody=QUEUE)["StackId"]

    def said(action: str, resource: str) -> tuple[str, str, int]:
        return "AccessDenied", text(user("stack-nobody"), f"cloudformation:{action}", resource), 403

    assert refusal(client.create_stack, StackName="new", TemplateBody=QUEUE) == said("CreateStack", f"{STACKS}/new/*")
    assert refusal(client.describe_stacks, StackName="there") == said("DescribeStacks", id)
    assert refusal(client.describe_stacks, StackName=id) == said("DescribeStacks", id)
    assert refusal(client.describe_stacks) == said("DescribeStacks", f"{STACKS}/*/*")
    assert refusal(client.list_stacks) == said("ListStacks", f"{STACKS}/*/*")
    assert refusal(client.validate_template, TemplateBody=QUEUE) == said("ValidateTemplate", "*")
    assert refusal(client.list_exports) == said("ListExports", "*")
    assert refusal(client.delete_stack, StackName="there") == said("DeleteStack", id)


def test_a_user_works_on_the_stacks_that_are_his(strict: Account) -> None:
    mine = allow("cloudformation:*", f"{STACKS}/mine-*/*")
    client = strict.user("stack-owner", mine, allow("sqs:*", f"{QUEUES}mine-*")).client("cloudformation")
    party = strict.root

    client.create_stack(StackName="mine-1", TemplateBody=QUEUE)
    ends(party, "mine-1", "CREATE_COMPLETE")

    assert client.describe_stack_resources(StackName="mine-1")["StackResources"]
    assert refusal(client.create_stack, StackName="other", TemplateBody=QUEUE)[0] == "AccessDenied"
    client.delete_stack(StackName="mine-1")
    eventually(lambda: refusal(client.describe_stacks, StackName="mine-1")[0] == "ValidationError", "it is gone", 60)


def test_the_arn_of_a_change_set_leads_to_its_own_stack_whatever_is_named_beside_it(strict: Account) -> None:
    root = strict.root.client("cloudformation")
    own = strict.user("stack-changer", allow("cloudformation:*", f"{STACKS}/mine/*")).client("cloudformation")

    made = root.create_change_set(StackName="theirs", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=QUEUE)

    wanted = text(user("stack-changer"), "cloudformation:ExecuteChangeSet", made["StackId"])
    assert refusal(own.execute_change_set, ChangeSetName=made["Id"], StackName="mine")[:2] == ("AccessDenied", wanted)
    assert refusal(own.execute_change_set, ChangeSetName=made["Id"])[:2] == ("AccessDenied", wanted)
    assert refusal(own.describe_change_set, ChangeSetName="c", StackName="theirs")[0] == "AccessDenied"


def test_conditions_are_told_what_a_request_says(strict: Account) -> None:
    url = "https://s3.amazonaws.com/templates/one.json"
    strict.root.client("s3").create_bucket(Bucket="templates")
    strict.root.client("s3").put_object(Bucket="templates", Key="one.json", Body=QUEUE)
    of_url = allow("cloudformation:CreateStack", Condition={"StringEquals": {"cloudformation:TemplateUrl": url}})
    of_tag = allow("cloudformation:CreateStack", Condition={"StringEquals": {"aws:RequestTag/team": "a"}})
    of_types = deny(
        "cloudformation:*", Condition={"ForAnyValue:StringLike": {"cloudformation:ResourceTypes": ["AWS::IAM::*"]}}
    )
    of_name = allow("cloudformation:*ChangeSet", Condition={"StringEquals": {"cloudformation:ChangeSetName": "c"}})
    party = strict.user("stack-told", of_url, of_tag, of_types, of_name, allow("sqs:*"), allow("s3:GetObject"))
    client = party.client("cloudformation")

    client.create_stack(StackName="by-url", TemplateURL=url)
    client.create_stack(StackName="by-tag", TemplateBody=QUEUE, Tags=[{"Key": "team", "Value": "a"}])
    client.create_change_set(StackName="by-name", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=QUEUE)

    other = {"StackName": "by-nothing", "TemplateBody": QUEUE}
    assert refusal(client.create_stack, **other)[0] == "AccessDenied"
    assert refusal(client.create_stack, **other, Tags=[{"Key": "team", "Value": "b"}])[0] == "AccessDenied"
    types = {"Tags": [{"Key": "team", "Value": "a"}], "ResourceTypes": ["AWS::IAM::Role"]}
    assert "with an explicit deny" in refusal(client.create_stack, **other, **types)[1]
    change = {"ChangeSetName": "d", "ChangeSetType": "CREATE"}
    assert refusal(client.create_change_set, **other, **change)[0] == "AccessDenied"


def test_who_may_not_read_an_object_has_no_template_from_it(strict: Account) -> None:
    s3 = strict.root.client("s3")
    s3.create_bucket(Bucket="secret-templates")
    s3.put_object(Bucket="secret-templates", Key="one.json", Body=QUEUE)
    client = strict.user("stack-curious", allow("cloudformation:*")).client("cloudformation")
    url = "https://secret-templates.s3.amazonaws.com/one.json"

    for call in (client.validate_template, client.get_template_summary):
        code, said, status = refusal(call, TemplateURL=url)
        assert (code, said.splitlines()[0], status) == ("ValidationError", "S3 error: Access Denied", 400)
    assert refusal(client.create_stack, StackName="curious", TemplateURL=url)[0] == "ValidationError"
    strict.allow("stack-curious", allow("cloudformation:*"), allow("s3:GetObject", "arn:aws:s3:::secret-templates/*"))
    assert client.validate_template(TemplateURL=url)["Parameters"] == []


def test_nor_a_policy(strict: Account) -> None:
    s3 = strict.root.client("s3")
    s3.create_bucket(Bucket="secret-policies")
    everything = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    s3.put_object(Bucket="secret-policies", Key="one.json", Body=json.dumps({"Statement": [everything]}))
    client = strict.user("stack-guard", allow("cloudformation:*"), allow("sqs:*")).client("cloudformation")
    url = "https://secret-policies.s3.amazonaws.com/one.json"

    for call, members in (
        (client.create_stack, {"TemplateBody": QUEUE, "StackPolicyURL": url}),
        (client.update_stack, {"TemplateBody": QUEUE, "StackPolicyURL": url}),
        (client.update_stack, {"TemplateBody": QUEUE, "StackPolicyDuringUpdateURL": url}),
        (client.set_stack_policy, {"StackPolicyURL": url}),
    ):
        code, said, status = refusal(call, StackName="guarded", **members)
        assert (code, said.splitlines()[0], status) == ("ValidationError", "S3 error: Access Denied", 400)


def test_stacks_within_and_outputs_of_others_are_what_its_caller_may_read(strict: Account) -> None:
    s3, root = strict.root.client("s3"), strict.root.client("cloudformation")
    s3.create_bucket(Bucket="secret-nested")
    s3.put_object(Bucket="secret-nested", Key="one.json", Body=QUEUE)
    told = json.dumps({"Resources": json.loads(QUEUE)["Resources"], "Outputs": {"Word": {"Value": "hush"}}})
    root.create_stack(StackName="telling", TemplateBody=told)
    ends(strict.root, "telling", "CREATE_COMPLETE")
    url = {"TemplateURL": "https://secret-nested.s3.amazonaws.com/one.json"}
    output = {"Fn::GetStackOutput": {"StackName": "telling", "OutputName": "Word"}}
    within = json.dumps({"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": url}}})
    asking = json.dumps({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": output}}}})
    statements = allow("cloudformation:*", [f"{STACKS}/of-reader-*"]), allow("sqs:*")
    client = strict.user("stack-looker", *statements).client("cloudformation")

    for name, template in (("of-reader-1", within), ("of-reader-2", asking)):
        client.create_stack(StackName=name, TemplateBody=template)
        ends(strict.root, name, "ROLLBACK_COMPLETE")

    assert "is not authorized to perform: s3:GetObject" in reasons(strict.root, "of-reader-1")["Inner"]
    assert "is not authorized to perform: cloudformation:DescribeStacks" in str(
        root.describe_stack_events(StackName="of-reader-2")
    )
    changes = {"ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": asking}
    assert "cloudformation:DescribeStacks" in refusal(client.create_change_set, StackName="of-reader-3", **changes)[1]
    reads = allow("s3:GetObject", "arn:aws:s3:::secret-nested/*"), allow("cloudformation:DescribeStacks")
    strict.allow("stack-looker", *statements, *reads)
    for name, template in (("of-reader-4", within), ("of-reader-5", asking)):
        client.create_stack(StackName=name, TemplateBody=template)
        ends(strict.root, name, "CREATE_COMPLETE")


def test_a_template_includes_what_its_caller_may_read(strict: Account) -> None:
    s3 = strict.root.client("s3")
    s3.create_bucket(Bucket="secret-parts")
    s3.put_object(Bucket="secret-parts", Key="name.json", Body=b'{"QueueName": "included"}')
    include = {"Name": "AWS::Include", "Parameters": {"Location": "s3://secret-parts/name.json"}}
    jobs = {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": include}}
    asked = {"StackName": "including", "TemplateBody": json.dumps({"Resources": {"Jobs": jobs}})}
    statements = allow("cloudformation:*"), allow("sqs:*")
    client = strict.user("stack-includer", *statements).client("cloudformation")

    code, said, _ = refusal(client.create_stack, **asked)

    assert (code, "is not authorized to perform: s3:GetObject" in said) == ("ValidationError", True)
    where = {"Bucket": "secret-parts", "Key": "name.json"}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": where}}
    client.create_stack(StackName="defined", TemplateBody=json.dumps({"Resources": {"Machine": machine}}))
    ends(strict.root, "defined", "ROLLBACK_COMPLETE")
    assert "is not authorized to perform: s3:GetObject" in reasons(strict.root, "defined")["Machine"]

    strict.allow("stack-includer", *statements, allow("s3:GetObject", "arn:aws:s3:::secret-parts/*"))
    client.create_stack(**asked)
    ends(strict.root, "including", "CREATE_COMPLETE")


# -- what a stack makes


def test_a_stack_makes_what_its_caller_may_make(strict: Account) -> None:
    party = strict.user(
        "stack-maker", allow("cloudformation:*"), allow("sqs:*"), allow(LAMBDA), allow("iam:PassRole", ROLE_OF_FUNCTION)
    )

    party.client("cloudformation").create_stack(StackName="made", TemplateBody=FUNCTION)

    ends(party, "made", "CREATE_COMPLETE")
    party.client("cloudformation").delete_stack(StackName="made")
    eventually(lambda: not strict.root.client("sqs").list_queues(QueueNamePrefix="made-").get("QueueUrls"), "gone", 60)


def test_what_its_caller_may_not_make_fails_with_the_reason_and_the_stack_is_rolled_back(strict: Account) -> None:
    nothing = strict.user("stack-empty", allow("cloudformation:*"))
    passes_none = strict.user("stack-passer", allow("cloudformation:*"), allow("sqs:*"), allow(LAMBDA))
    no_lambda = strict.user("stack-queuer", allow("cloudformation:*"), allow("sqs:*"))

    nothing.client("cloudformation").create_stack(StackName="empty", TemplateBody=QUEUE)
    passes_none.client("cloudformation").create_stack(StackName="passed", TemplateBody=FUNCTION)
    no_lambda.client("cloudformation").create_stack(StackName="queued", TemplateBody=FUNCTION)

    for name in ("empty", "passed", "queued"):
        ends(strict.root, name, "ROLLBACK_COMPLETE")
    queue = reasons(nothing, "empty")["Jobs"]
    assert f"User: {user('stack-empty')} is not authorized to perform: sqs:createqueue on resource: {QUEUES}" in queue
    assert text(user("stack-passer"), "iam:PassRole", ROLE_OF_FUNCTION) in reasons(passes_none, "passed")["Hello"]
    function = reasons(no_lambda, "queued")["Hello"]
    assert f"User: {user('stack-queuer')} is not authorized to perform: lambda:CreateFunction" in function
    assert not strict.root.client("sqs").list_queues(QueueNamePrefix="queued-").get("QueueUrls")


def test_a_session_and_the_root_user_make_stacks_as_themselves(strict: Account) -> None:
    role = strict.role("stack-session", allow("cloudformation:*"))
    session = strict.session(role)

    session.client("cloudformation").create_stack(StackName="of-session", TemplateBody=QUEUE)
    strict.root.client("cloudformation").create_stack(StackName="of-root", TemplateBody=FUNCTION)

    ends(session, "of-session", "ROLLBACK_COMPLETE")
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/stack-session/one"
    assert f"User: {arn} is not authorized to perform: sqs:createqueue" in reasons(session, "of-session")["Jobs"]
    ends(strict.root, "of-root", "CREATE_COMPLETE")


def test_what_its_caller_may_not_change_or_remove_stays(strict: Account) -> None:
    """The rights to change are those to change back, too: AWS ends so as well where permissions are missing."""
    changed = FUNCTION.replace("'hello'", "'changed'")
    root, all_stacks = strict.root.client("cloudformation"), allow("cloudformation:*")
    reads = strict.user("stack-reader", all_stacks, allow("lambda:Get*"), allow("sqs:*"))
    updates = strict.user("stack-updater", all_stacks, allow(["lambda:Get*", "lambda:Update*"]), allow("sqs:*"))
    for name in ("kept-1", "kept-2"):
        root.create_stack(StackName=name, TemplateBody=FUNCTION)
        ends(strict.root, name, "CREATE_COMPLETE")
    names = [one["FunctionName"] for one in strict.root.client("lambda").list_functions()["Functions"]]
    (kept,) = [name for name in names if name.startswith("kept-1-")]
    before = strict.root.client("lambda").get_function_configuration(FunctionName=kept)["CodeSha256"]

    reads.client("cloudformation").update_stack(StackName="kept-1", TemplateBody=changed)
    updates.client("cloudformation").update_stack(StackName="kept-2", TemplateBody=changed)

    for name in ("kept-1", "kept-2"):
        ends(strict.root, name, "UPDATE_ROLLBACK_FAILED")
    assert "is not authorized to perform: lambda:UpdateFunctionCode" in reasons(reads, "kept-1")["Hello"]
    assert text(user("stack-updater"), "iam:PassRole", ROLE_OF_FUNCTION) in reasons(updates, "kept-2")["Hello"]
    assert strict.root.client("lambda").get_function_configuration(FunctionName=kept)["CodeSha256"] == before
    reads.client("cloudformation").delete_stack(StackName="kept-1")
    ends(strict.root, "kept-1", "DELETE_FAILED")


# -- the role of a stack


def test_a_stack_with_a_role_is_made_changed_and_removed_with_its_rights(strict: Account) -> None:
    role = strict.role("stack-role", allow("sqs:*"), trust=TRUST)
    passing = allow("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": TRUST_NAME}})
    makes = strict.user("stack-passing", allow("cloudformation:*"), passing)
    removes = strict.user("stack-removing", allow("cloudformation:*"))

    makes.client("cloudformation").create_stack(StackName="roled", TemplateBody=QUEUE, RoleARN=role)
    ends(makes, "roled", "CREATE_COMPLETE")
    makes.client("cloudformation").create_stack(StackName="roled-2", TemplateBody=FUNCTION, RoleARN=role)
    ends(makes, "roled-2", "ROLLBACK_COMPLETE")

    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/stack-role/AWSCloudFormation"
    assert f"User: {arn} is not authorized to perform: lambda:CreateFunction" in reasons(makes, "roled-2")["Hello"]
    removes.client("cloudformation").delete_stack(StackName="roled")
    sqs = strict.root.client("sqs")
    eventually(lambda: not sqs.list_queues(QueueNamePrefix="roled-Jobs").get("QueueUrls"), "gone", 60)


def test_a_role_that_trusts_cloudformation_no_more_does_nothing_more(strict: Account) -> None:
    role = strict.role("stack-leaves", allow("sqs:*"), trust=TRUST)
    client = strict.root.client("cloudformation")
    client.create_stack(StackName="left", TemplateBody=QUEUE, RoleARN=role)
    ends(strict.root, "left", "CREATE_COMPLETE")

    other = json.dumps(trusting_services("lambda.amazonaws.com"))
    strict.root.client("iam").update_assume_role_policy(RoleName="stack-leaves", PolicyDocument=other)
    client.delete_stack(StackName="left")

    ends(strict.root, "left", "DELETE_FAILED")
    (left,) = client.describe_stacks(StackName="left")["Stacks"]
    assert left["StackStatusReason"] == f"Role {role} is invalid or cannot be assumed"


def test_a_role_is_to_be_passed_and_has_to_trust_cloudformation(strict: Account) -> None:
    role = strict.role("stack-unpassed", allow("sqs:*"), trust=TRUST)
    distrusts = strict.role("stack-distrusts", allow("sqs:*"), trust=trusting_services("lambda.amazonaws.com"))
    client = strict.user("stack-unpassing", allow("cloudformation:*")).client("cloudformation")

    members = {"StackName": "unpassed", "TemplateBody": QUEUE}
    assert refusal(client.create_stack, **members, RoleARN=role) == (
        "AccessDenied",
        text(user("stack-unpassing"), "iam:PassRole", role),
        403,
    )
    root = strict.root.client("cloudformation")
    assert refusal(root.create_stack, **members, RoleARN=distrusts) == (
        "ValidationError",
        f"Role {distrusts} is invalid or cannot be assumed",
        400,
    )
    assert refusal(root.describe_stacks, StackName="unpassed")[0] == "ValidationError"


def test_with_warn_nothing_is_refused_and_what_is_lacking_is_said_once(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with own_emulator(tmp_path_factory.mktemp("warning"), "process", stems=0, account=ACCOUNT) as lam:
        account = Account(lam, ACCOUNT)
        party = account.user("stack-warned")

        party.client("cloudformation").create_stack(StackName="warned", TemplateBody=QUEUE)

        ends(account.root, "warned", "CREATE_COMPLETE")
        said = f"{user('stack-warned')} may not cloudformation:CreateStack on {STACKS}/warned/*"
        assert [said in one.getMessage() for one in caplog.records].count(True) == 1
