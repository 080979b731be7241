"""Templates, paths and schemas out of pieces in any order: what comes of them is text or a failure, and soon."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import MappingRefused
from lambda_emu.triggers.rest_apis.mapping.validation import Validator, check_request
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure
from lambda_emu.triggers.rest_apis.templates.json_paths import json_path
from lambda_emu.triggers.rest_apis.templates.rendering import Overrides, Seen, render

PIECES = (
    *(
        "#set(",
        "#if(",
        "#elseif(",
        "#else",
        "#end",
        "#foreach(",
        "#macro(",
        "#define(",
        "#break",
        "#stop",
        "#@a(",
        "#a(",
    ),
    *("$a", "$!a", "${a", "$b.c", "$input", "$util", "$context", "$stageVariables", "$foreach", "|", "}", "{", " in "),
    *(
        ".path(",
        ".json(",
        ".params(",
        ".body",
        ".get(",
        ".put(",
        ".add(",
        ".keySet()",
        ".entrySet()",
        ".size()",
        ".size(",
    ),
    *(".replaceAll(", ".split(", ".matches(", ".substring(", ".parseJson(", ".escapeJavaScript(", ".requestOverride"),
    *(".header", ".status", ".responseOverride", "[", "]", "(", ")", ",", "..", "'", '"', "'$.a'", '"$a"', "'(a+)+'"),
    *(
        "==",
        "!=",
        "&&",
        "||",
        "!",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "=",
        ":",
        "0",
        "1",
        "-5",
        "2.5",
        "1e400",
        "true",
    ),
    *(
        "null",
        "\\",
        "##",
        "#*",
        "*#",
        "#[[",
        "]]#",
        "\n",
        " ",
        "text",
        "é",
        "\ud83d",
        "$",
        "#",
        "__class__",
        "99999999999",
    ),
)
SEEN = Seen(b'{"a": [1, {"b": null}], "c": "x"}', {"p": "1"}, {"q": "2"}, {"h": "3"}, {"i": {"j": "k"}}, {"v": "w"})


@settings(max_examples=400, deadline=2_000)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_template_is_rendered_or_fails(template: str) -> None:
    with suppress(TemplateFailure, BodyNotJson):
        made = render(template, SEEN)
        assert isinstance(made.text, str)
        assert isinstance(made.overrides, Overrides)


STEPS = ("$", ".", "..", "a", "b", "*", "[", "]", "'", '"', "0", "-1", ":", ",", "?(@", ".a", ")", "==", "&&", " ")
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=12,
)


@settings(max_examples=300, deadline=2_000)
@given(st.lists(st.sampled_from((*STEPS, ".length()")), max_size=14).map("".join), DOCUMENTS)
def test_any_path_leads_somewhere_or_fails(path: str, document: object) -> None:
    with suppress(TemplateFailure):
        json.dumps(json_path(path).find(document, Budget()))


KEYWORDS = (
    *(
        "type",
        "enum",
        "required",
        "properties",
        "additionalProperties",
        "patternProperties",
        "items",
        "additionalItems",
    ),
    *("uniqueItems", "pattern", "format", "allOf", "anyOf", "oneOf", "not", "minimum", "maximum", "multipleOf", "$ref"),
    *("minLength", "maxItems", "minProperties", "dependencies", "exclusiveMinimum"),
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(("object", "string", "#", "#/properties/a", "a+", "", "uri", "("))
)
SCHEMAS = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*KEYWORDS, "a")), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=400, deadline=2_000)
@given(SCHEMAS, SCHEMAS)
def test_any_schema_takes_a_body_or_refuses_it(schema: object, body: object) -> None:
    asked = MethodRequest(body=json.dumps(body).encode())

    with suppress(MappingRefused):
        check_request(Validator((), {"application/json": "M"}), {"M": schema}, asked)
