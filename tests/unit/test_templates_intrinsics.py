"""Functions of templates, parameters and conditions: what each means, and what is wrong with what cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.arn import Scope
from lambda_emu.project import ProjectError
from lambda_emu.templates.language.document import read_template
from lambda_emu.templates.language.intrinsics import NotYet, Resolver
from lambda_emu.templates.stack import read_stack

SCOPE = Scope("123456789012", "eu-west-1")
LONG = f"!Sub ['{'${A}' * 900}', {{A: {'a' * 1000}}}]"
NONE = "Resources: {}"
MADE = {("Q", None): "https://sqs/q", ("Q", "Arn"): "arn:q"}
HEAD = """
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
Mappings: {Sizes: {dev: {small: 1}, prod: {small: 2}}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  NotProd: !Not [{Condition: IsProd}]
  Both: !And [{Condition: NotProd}, !Or [{Condition: IsProd}, !Equals [a, a]]]
"""


def known(name: str, attribute: str | None) -> Any:
    return MADE[name, attribute]


def template_of(folder: Path, value: str) -> Path:
    file = folder / "template.yaml"
    file.write_text(
        f"{HEAD}Resources:\n  Q: {{Type: AWS::SQS::Queue}}\n  X:\n    Type: AWS::X\n    Properties:\n{value}\n"
    )
    return file


def resolve(folder: Path, value: str, given: Mapping[str, str] = {}, made: Any = known) -> tuple[Any, list[str]]:
    """What a property means, and the mistakes."""
    stack = read_stack(template_of(folder, f"      P: {value}"), SCOPE, given, folder)
    resolver = stack.resolver(made)
    properties = stack.template.section("Resources")["X"]["Properties"]
    found = resolver.value(properties, ("Resources", "X", "Properties"))
    return found.get("P"), resolver.mistakes


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ("!Ref AWS::NoValue", None),
        ("[1, !Ref AWS::NoValue, 2]", [1, 2]),
        ("!Ref Q", "https://sqs/q"),
        ("!GetAtt Q.Arn", "arn:q"),
        ("{Fn::GetAtt: [Q, Arn]}", "arn:q"),
        ("!Sub '${Stage}-${Q.Arn}-${AWS::Region}-${!Stage}'", "dev-arn:q-eu-west-1-${Stage}"),
        ("!Sub ['${A}${B}', {A: !Ref Stage, B: 7}]", "dev7"),
        ("!Join [':', [a, !Ref Stage, 1]]", "a:dev:1"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select ['0', !Split ['|', 'x|y']]", "x"),
        ("!FindInMap [Sizes, !Ref Stage, small]", 1),
        ("{Fn::FindInMap: [Sizes, test, small, {DefaultValue: 9}]}", 9),
        ("!Base64 abc", "YWJj"),
        ("!GetAZs ''", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("{Fn::Length: !Ref Zones}", 2),
        ("{Fn::ToJsonString: {a: !Ref Stage}}", '{"a":"dev"}'),
        ("!If [IsProd, 1, 2]", 2),
        ("!If [Both, {A: !Ref Stage}, 2]", {"A": "dev"}),
        ("!If [IsProd, 1, !Ref AWS::NoValue]", None),
    ],
)
def test_a_function_means_what_it_means_on_aws(tmp_path: Path, written: str, meant: Any) -> None:
    assert resolve(tmp_path, written) == (meant, [])


def test_given_parameters_go_before_samconfig_before_defaults(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text('[default.deploy.parameters]\nparameter_overrides = "Stage=\\"prod\\""')

    assert resolve(tmp_path, "!If [IsProd, 1, 2]") == (1, [])
    assert resolve(tmp_path, "!If [IsProd, 1, 2]", {"Stage": "dev"}) == (2, [])


@pytest.mark.parametrize(
    "said",
    [
        'parameter_overrides = ["Stage=prod", "Zones=x,y"]',
        'parameter_overrides = "ParameterKey=Stage,ParameterValue=prod ParameterKey=Zones,ParameterValue=x,y"',
        'parameter_overrides = {Stage = "prod", Zones = "x,y"}',
    ],
)
def test_samconfig_may_say_parameters_in_each_of_its_forms(tmp_path: Path, said: str) -> None:
    (tmp_path / "samconfig.toml").write_text(f"[default.deploy.parameters]\n{said}")

    assert resolve(tmp_path, "[!Ref Stage, !Select [1, !Ref Zones]]") == (["prod", "y"], [])


def test_what_is_not_made_yet_stays_with_what_is_known_in_it(tmp_path: Path) -> None:
    def not_yet(_: str, __: str | None) -> Any:
        raise NotYet

    assert resolve(tmp_path, "!Join ['', [!Ref Stage, !Ref Q]]", made=not_yet) == (
        {"Fn::Join": ["", ["dev", {"Ref": "Q"}]]},
        [],
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("!Ref Nobody", "template.yaml:15: Resources.X.Properties.P.Ref: Ref: there is no parameter and no resource"),
        ("!GetAtt Q.Color", "Fn::GetAtt: Q, AWS::SQS::Queue, has no attribute 'Color' here"),
        ("!Select [5, [a]]", "there is no 5 in a list of 1"),
        ("!FindInMap [Sizes, nil, small]", "there is no Sizes / nil / small in Mappings"),
        ("!If [Nobody, 1, 2]", "there is no condition 'Nobody'"),
        ("!Join [1]", "Fn::Join: takes no [1]"),
        ("!Sub {a: b}", "Fn::Sub: takes no"),
        (f"!Sub ['{'${A}' * 2000}', {{A: {'a' * 2000}}}]", "Fn::Sub: makes more than 1000000 characters"),
        (f"!Join [{'a' * 2000}, !Split [b, '{'b' * 2000}']]", "Fn::Join: makes more than 1000000 characters"),
        (f"!ToJsonString [{LONG}, {LONG}]", "makes more than 1000000 characters"),
    ],
)
def test_a_function_that_cannot_be_is_told_with_its_line(tmp_path: Path, written: str, told: str) -> None:
    (mistake,) = resolve(tmp_path, written)[1]

    assert told in mistake
    assert mistake.startswith("template.yaml:15: Resources.X.Properties.P")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Resources:\n  A: !Reff B", "template.yaml:2: Resources.A: !Reff is no function"),
        ("Resourcez: {}", "template.yaml:1: Resourcez: unknown key; did you mean 'Resources'?"),
        ("Resources: []", "template.yaml:1: is no template"),
        ("Resources:\n  A: {Properties: {}}", "template.yaml:2: Resources.A: must be a mapping with Type"),
        ("Parameters:\n  P: {Type: String}\nResources: {}", "template.yaml:2: Parameters.P: has no value"),
        ("Parameters:\n  P: {Type: Number, Default: x}\nResources: {}", "template.yaml:2: Parameters.P: 'x' is no num"),
        ("Parameters:\n  P: {Type: String, Default: a, AllowedValues: [b]}\nResources: {}", "'a' must be one of b"),
        ("Parameters:\n  P: {Type: String, Default: a, AllowedPattern: '(b'}\nResources: {}", "is no pattern"),
        (
            f"Parameters:\n  P: {{Type: String, Default: {'a' * 40}b, AllowedPattern: '(a+)+$'}}\n{NONE}",
            "too long",
        ),
        (
            f"Parameters:\n  P: {{Type: String, Default: hush, NoEcho: true, AllowedValues: [b]}}\n{NONE}",
            "P: **** must be one of ****",
        ),
        ("Parameters:\n  P: {Type: String, Default: abc, MaxLength: 2}\nResources: {}", "is out of its bounds"),
        ("Conditions:\n  C: !Not [{Condition: C}]\nResources:\n  A: {Type: X, Condition: C}", "'C' needs itself"),
        ("Resources:\n  A: {Type: X, Condition: No}", "template.yaml:2: Resources.A.Condition: there is no condition"),
        ("Resources:\n  A: {Type: [\n", "not YAML"),
    ],
)
def test_a_template_that_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "template.yaml").write_text(text)

    with pytest.raises(ProjectError) as refused:
        read_stack(tmp_path / "template.yaml", SCOPE, {}, tmp_path)

    assert told in str(refused.value)


def test_a_parameter_that_no_template_has_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="--parameter Stagee: the template has no such parameter; it has Stage"):
        resolve(tmp_path, "1", {"Stagee": "x"})


def test_what_grows_without_end_is_refused(tmp_path: Path) -> None:
    bomb = "\n".join(
        [
            "a: &a0 [x, x, x, x, x, x, x, x, x, x]",
            *(f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(7)),
        ]
    )
    (tmp_path / "template.yaml").write_text(f"Resources: {{}}\nMetadata:\n  {bomb.replace(chr(10), chr(10) + '  ')}\n")
    with pytest.raises(ProjectError, match="has grown beyond 100000 members"):
        read_template(tmp_path / "template.yaml")

    text = "!Sub ['" + "${A}" * 2000 + "', {A: '" + "x" * 2000 + "'}]"
    assert "makes more than 1000000 characters" in resolve(tmp_path, text)[1][0]


def test_a_pattern_of_names_is_no_function(tmp_path: Path) -> None:
    """A resolver leaves alone what only looks like one."""
    template = read_template(template_of(tmp_path, "      P: {Refs: a, Fn::Nothing: b}"))
    resolver = Resolver(template, {}, {}, known)

    assert resolver.value({"Refs": "a", "Condition": {"a": 1}}, ()) == {"Refs": "a", "Condition": {"a": 1}}


@pytest.mark.parametrize(("block", "is_right"), [("10.0.0.0/16", True), ("10.0.0.256/16", False)])
def test_a_pattern_that_may_take_long_is_still_asked(tmp_path: Path, block: str, is_right: bool) -> None:
    number = r"([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
    pattern = rf"^({number}\.){{3}}{number}(\/(1[6-9]|2[0-8]))$"
    (tmp_path / "template.yaml").write_text(
        f"Parameters:\n  P: {{Type: String, Default: {block}, AllowedPattern: '{pattern}'}}\nResources: {{}}"
    )
    if is_right:
        assert read_stack(tmp_path / "template.yaml", SCOPE, {}, tmp_path).values["P"] == block
        return
    with pytest.raises(ProjectError, match=r"P: '10.0.0.256/16' does not match"):
        read_stack(tmp_path / "template.yaml", SCOPE, {}, tmp_path)


@pytest.mark.parametrize("count", [90, 5_000])
def test_conditions_that_need_one_another_are_bounded(tmp_path: Path, count: int) -> None:
    chain = "".join(f"  C{n}: !Not [{{Condition: C{n + 1}}}]\n" for n in range(count))
    (tmp_path / "template.yaml").write_text(
        f"Conditions:\n{chain}  C{count}: !Equals [a, a]\nResources:\n  A: {{Type: X, Condition: C0}}\n"
    )
    if count < 100:
        assert read_stack(tmp_path / "template.yaml", SCOPE, {}, tmp_path).conditions == {"A": True}
        return
    with pytest.raises(ProjectError, match="more than 100 conditions need one another"):
        read_stack(tmp_path / "template.yaml", SCOPE, {}, tmp_path)


def test_what_functions_make_in_all_is_bounded(tmp_path: Path) -> None:
    mistakes = resolve(tmp_path, f"[{', '.join([LONG] * 15)}]")[1]

    assert "[11].Fn::Sub: Fn::Sub: makes more than 10000000 characters, with all other functions" in mistakes[0]
