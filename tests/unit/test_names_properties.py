"""Names, ARNs and qualifiers in every form: what is accepted means one function, what is not is refused politely."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.arn import LATEST, Scope, parse_function_name
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.names import resolve

NAMING = [
    route.name
    for route in lambda_model().routes()
    if "FunctionName" in {member.name for member in lambda_model().operation(route.name).input.shape.members}
]

names = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True).filter(lambda name: name != "function")
versions = st.integers(1, 10**6).map(str)
aliases = st.from_regex(r"[a-zA-Z_-][a-zA-Z0-9_-]{0,12}", fullmatch=True)
qualifiers = st.none() | st.just(LATEST) | versions | aliases
accounts = st.from_regex(r"[0-9]{12}", fullmatch=True)
regions = st.sampled_from(["us-east-1", "eu-west-3", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "ap-southeast-4"])
scopes = st.builds(Scope, accounts, regions)
pieces = st.sampled_from(
    ["arn", "aws", "lambda", "us-east-1", "123456789012", "function", "f", LATEST, "1", "", "-", "é"]
)
near_misses = st.lists(pieces, min_size=1, max_size=9).map(":".join) | st.text(max_size=30)


@st.composite
def forms(draw: st.DrawFn, scope: Scope, name: str, qualifier: str | None) -> str:
    """Any way of writing this name."""
    suffix = "" if qualifier is None else f":{qualifier}"
    return draw(
        st.sampled_from(
            [
                f"{name}{suffix}",
                f"function:{name}{suffix}",
                f"{scope.account}:function:{name}{suffix}",
                f"{scope.region}:{scope.account}:function:{name}{suffix}",
                f"{scope.function(name).arn()}{suffix}",
            ]
        )
    )


@given(st.data(), scopes, names, qualifiers)
def test_every_form_of_a_name_means_the_same_function(
    data: st.DataObject, scope: Scope, name: str, qualifier: str | None
) -> None:
    written = data.draw(forms(scope, name, qualifier))

    target = resolve(written, None, scope)

    assert (target.id, target.qualifier) == (scope.function(name), qualifier)
    assert resolve(target.arn, None, scope) == target
    assert resolve(target.arn, qualifier, scope) == target


@given(st.data(), scopes, names, qualifiers)
def test_without_credentials_an_arn_says_whose_it_is(
    data: st.DataObject, scope: Scope, name: str, qualifier: str | None
) -> None:
    arn = scope.function(name).arn(qualifier)

    assert resolve(arn, None, data.draw(scopes), anywhere=True).id == scope.function(name)


@given(near_misses)
def test_a_text_is_a_name_that_can_be_written_again_or_none(text: str) -> None:
    try:
        written = parse_function_name(text)
    except ValueError:
        return
    if ":" in text:
        again = ":".join(part for part in (written.region, written.account, "function", written.name) if part)
        again += f":{written.qualifier}" if written.qualifier else ""
        assert parse_function_name(again) == written


@given(st.sampled_from(NAMING), near_misses)
def test_what_an_operations_constraints_let_pass_is_a_name(operation: str, text: str) -> None:
    """So nothing that a caller writes as a name is our failure."""
    shape = lambda_model().operation(operation).input.shape
    member = next(member for member in shape.members if member.name == "FunctionName")
    found: list[str] = []
    member.shape.check(text, "functionName", found)
    if found:
        assert all(item.startswith(f"Value '{text}' at 'functionName' failed to satisfy") for item in found)
        return
    with suppress(LambdaError):
        resolve(text, None, Scope("123456789012", "us-east-1"))


@given(st.sampled_from(NAMING), st.data(), scopes, names)
def test_every_operation_takes_every_form_without_a_qualifier(
    operation: str, data: st.DataObject, scope: Scope, name: str
) -> None:
    shape = lambda_model().operation(operation).input.shape
    member: Any = next(member for member in shape.members if member.name == "FunctionName")
    found: list[str] = []

    member.shape.check(data.draw(forms(scope, name, None)), "functionName", found)

    assert found == []
