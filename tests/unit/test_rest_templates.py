"""Mapping templates of REST APIs: what they say, and what they cannot do. docs/contract/events.md#mapping-templates."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest

from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure, TemplateInvalid
from lambda_emu.triggers.rest_apis.templates.rendering import Overrides, Seen, is_short, render

BODY = {"name": "Ada", "age": 36, "tags": ["a", {"b": 1.5}], "nested": {"list": [1, 2]}, "gone": None, "yes": True}
SEEN = Seen(
    json.dumps(BODY).encode(),
    {"id": "7"},
    {"q": "a b"},
    {"Content-Type": "application/json", "X-One": "1"},
    {"httpMethod": "POST", "identity": {"sourceIp": "127.0.0.1"}, "authorizer": {"claims": {"sub": "me"}}},
    {"table": "pets"},
)

PASS_ALL = """#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : {
    "method" : "$context.httpMethod",
    "source-ip" : "$context.identity.sourceIp",
    "user" : "$context.identity.user"
    }
}
"""
LOOPS = """#define( $loop )
{
    #foreach($key in $map.keySet())
        #set( $k = $util.escapeJavaScript($key) )
        #set( $v = $util.escapeJavaScript($map.get($key)).replaceAll("\\\\'", "'") )
        "$k": "$v"
        #if( $foreach.hasNext ) , #end
    #end
}
#end
{
    "cognitoPoolClaims" : { "sub": "$context.authorizer.claims.sub" },
    #set( $map = $context.identity )
    "identity": $loop,
    #set( $map = $input.params().path )
    "path": $loop
}
"""


def said(template: str, seen: Seen = SEEN) -> str:
    return render(template, seen).text


def test_the_template_that_passes_everything_on_makes_json() -> None:
    made = json.loads(said(PASS_ALL))

    assert made["body-json"] == BODY
    assert made["params"] == {"path": {"id": "7"}, "querystring": {"q": "a b"}, "header": dict(SEEN.headers)}
    assert made["stage-variables"] == {"table": "pets"}
    assert made["context"] == {"method": "POST", "source-ip": "127.0.0.1", "user": ""}


def test_a_definition_is_rendered_anew_wherever_it_is_said() -> None:
    made = json.loads(said(LOOPS))

    assert made == {"cognitoPoolClaims": {"sub": "me"}, "identity": {"sourceIp": "127.0.0.1"}, "path": {"id": "7"}}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$input.path('$.name') ${input.path('$.age')}", "Ada 36"),
        ("$input.json('$.name') $input.json('$.tags')", '"Ada" ["a",{"b":1.5}]'),
        ("$input.path('$.nested')", "{list=[1,2]}"),
        ("$input.path('$.tags')", '["a",{"b":1.5}]'),
        ("$input.path('$.tags[1].b') $input.path('$').tags[0] $input.path('$.tags.length()')", "1.5 a 2"),
        ("$input.path(\"$['name']\") $input.path('$.nested.list[-1]') $input.json('$..b')", "Ada 2 [1.5]"),
        ("$input.json('$.missing')|$input.path('$.missing')|$missing|$context.no.such", '""|||'),
        ("$input.json('$.gone') $input.json('$.yes')", '"" true'),
        ("$input.params('id') $input.params('q') $input.params('X-One') [$input.params('no')]", "7 a b 1 []"),
        ("$input.params().header.get('X-One') $input.params().querystring.q", "1 a b"),
        ("$stageVariables.table ${stageVariables.table}s $stageVariables['table']", "pets petss pets"),
        ("$input.body.length()", str(len(SEEN.body))),
        ("$util.urlEncode('a b&c/*') $util.urlDecode('a+b%26')", "a+b%26c%2F* a b&"),
        ("$util.base64Encode('hé') $util.base64Decode('aMOp')", "aMOp hé"),
        ('$util.escapeJavaScript("it\'s /é")', "it\\'s \\/\\u00E9"),
        ('#set($o = $util.parseJson(\'{"a": {"b": [1, 2]}}\'))$o.a.b[1] $o.a', "2 {b=[1,2]}"),
    ],
)
def test_inputs_and_utilities_say_what_aws_says(template: str, text: str) -> None:
    assert said(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#set($x = 1 + 2 * 3 - 4 / 2)$x", "5"),
        ("#set($x = (1 + 2) * 3)$x #set($y = 7 % 4)$y #set($z = -7 / 2)$z", "9 3 -3"),
        ("#set($x = 1.5 + 1)$x #set($y = 10000000.0)$y #set($z = 1 / 0)[$z]", "2.5 1.0E7 []"),
        ("#set($x = 9223372036854775807 + 1)$x", "-9223372036854775808"),
        ("#set($x = \"a$input.params('id')b${x}\")$x", "a7b"),
        ("#set($x = 'a$y')$x", "a$y"),
        ("#if($no)a#elseif(1 == 1 && !false)b#{else}c#end", "b"),
        ("#if($input.path('$.missing') == \"\")a#end#if($input.path('$.name') != $null)b#end", "ab"),
        ('#if("")a#else b#end', " b"),
        ("#if(1 eq 1 and not (2 lt 1) or false)a#end", "a"),
        ("#if(1 == \"1\")a#end#if('b' > 'a')b#end#if($no > 1)c#end", "ab"),
        ("#foreach($i in [1..3])$i$foreach.index$foreach.count#if($foreach.hasNext),#end#end", "101,212,323"),
        ("#foreach($i in [3..1])$i#if($i == 2)#break#end#end.", "32."),
        (
            "#set($m = {'a': 1, \"b\": [2, 'x']})#foreach($e in $m.entrySet())$e.key:$e.value;#end$m",
            "a:1;b:[2, x];{a=1, b=[2, x]}",
        ),
        ("#foreach($x in $no)a#end#foreach($v in {'a': 5})$v#end", "5"),
        ("#set($l = [])#set($_ = $l.add('a'))$l.add('b') $l $l.size()", "true [a, b] 2"),
        ("#set($m = {})$!m.put('k', 'v')$m.k#set($m.x = 1)#set($m['y'] = 2)$m", "v{k=v, x=1, y=2}"),
        ("#macro(two $a $b)<$a|$b>#end#two('x' 1)#two(2, 'y')", "<x|1><2|y>"),
        ("#macro(in)[$bodyContent]#end#@in()x#end", "[x]"),
        ("a ## comment\nb #* more\n *#c #[[ $raw #if ]]#", "a b c  $raw #if "),
        ("#set($x = 5)\\$x \\\\$x \\#if $5.00 #fff 100% user@x.com $", "$x \\5 #if $5.00 #fff 100% user@x.com $"),
        ("a\n  #set($x = 1)\nb\n#if(true)\nc\n#end\nd", "a\n  b\nc\nd"),
        ("${no|'x'} $!no $!{no}.", "x  ."),
        ("#nothing(1) #nothing", "#nothing(1) #nothing"),
        ("a#stop b", "a"),
        ("#set($q = '\"')$q#set($s = \"it's\")$s", "\"it's"),
        ('#set($j = "{\\"a\\": 1}")$j', '{"a": 1}'),
        ("$date.now() $x.y.z() [$x-1]", "  []"),
    ],
)
def test_the_language_is_velocity(template: str, text: str) -> None:
    assert said(template) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("$s.length() $s.toUpperCase() $s.substring(1) $s.substring(1, 2) $s.indexOf('c')", "3 ABC bc b 2"),
        (
            "$s.contains('b') $s.startsWith('b') $s.endsWith('c') $s.equals('abc') $s.isEmpty()",
            "true false true true false",
        ),
        ("$s.replace('b', '$') $s.replaceAll('[ab]', '-') $s.replaceFirst('(.)b', '$1$1')", "a$c --c aac"),
        ("$s.matches('a.*') $s.matches('b') $s.split('b') $s.split('').size()", "true false [a, c] 3"),
        ("$s.concat('d') $s.charAt(0) $s.trim() $s.compareTo('abd')", "abcd a abc -1"),
        ("$n.parseInt('12') $n.toString().length() $n.doubleValue()", "12 1 5.0"),
        ("$l.get(0) $l.contains(2) $l.isEmpty() $l.subList(0, 1) $l.indexOf(2) $l.empty", "1 true false [1] 1 false"),
        (
            "$m.containsKey('a') $m.get('b') $m.getOrDefault('b', 2) $m.keySet() $m.values() $m.size()",
            "true  2 [a] [1] 1",
        ),
        ("[$s.nothing()] [$s.substring('x')] [$l.get]", "[] [] []"),
    ],
)
def test_values_have_the_methods_of_java(expression: str, text: str) -> None:
    made = said("#set($s = 'abc')#set($n = 5)#set($l = [1, 2])#set($m = {'a': 1})" + expression)

    assert made == text


def test_overrides_are_told_and_the_template_of_the_answer_begins_with_them() -> None:
    asked = render(
        "#set($context.requestOverride.header.oHeader = '1')"
        "#set($context.requestOverride.header['x-many'] = ['1', '2'])"
        "#set($context.requestOverride.path.id = 'other')"
        "#set($context.requestOverride.querystring.q = 5)"
        "#set($context.responseOverride.status = 404)",
        SEEN,
    )

    answered = render(
        "#set($context.responseOverride.header.X = 'y')$context.responseOverride.status", SEEN, asked.overrides
    )

    assert asked.overrides == Overrides(
        {"oHeader": ("1",), "x-many": ("1", "2")}, {"id": "other"}, {"q": ("5",)}, {}, 404
    )
    assert answered.text == "404"
    assert answered.overrides.answer_headers == {"X": ("y",)}
    assert answered.overrides.status == 404


@pytest.mark.parametrize("status", ["'404'", "99", "600", "true", "2.5", "[404]"])
def test_a_status_that_is_none_is_passed_over(status: str) -> None:
    assert render(f"#set($context.responseOverride.status = {status})", SEEN).overrides.status is None


def test_a_template_changes_nothing_but_its_own() -> None:
    context = {"identity": {"sourceIp": "1"}}

    render("#set($context.identity.sourceIp = '2')#set($stageVariables.a = 'b')", Seen(b"", context=context))

    assert context == {"identity": {"sourceIp": "1"}}


def test_without_a_body_the_input_is_an_empty_object() -> None:
    assert said("$input.body $input.json('$') $input.path('$')", Seen(b"")) == "{} {} {}"


def test_a_body_that_is_no_json_is_told_in_the_parsers_words() -> None:
    assert said("$input.body", Seen(b"<a/>")) == "<a/>"

    with pytest.raises(BodyNotJson) as refused:
        said("$input.json('$')", Seen(b"<a/>"))

    assert refused.value.problem.startswith("Unexpected character ('<' (code 60))")


@pytest.mark.parametrize(
    "template",
    [
        "#if(true)",
        "#end",
        "#else",
        "#set($x)",
        "#set(5 = 1)",
        "#set($x = )",
        "#foreach($x)a#end",
        "#foreach(x in $y)a#end",
        "#if(1 +)a#end",
        "#set($x = 'a)",
        "#set($x = [1, )",
        "#if($x)a#else b",
        "#macro()a#end",
        "#parse('a')",
        "#include('/etc/passwd')",
        "#evaluate('$x')",
        "$x.y(",
        "#set($x = " + "(" * 500,
        "#if(1)" * 500,
        "#set($x = " + "!" * 500 + "1)",
        "#set($x = {'a')",
        "#set($x = " + "[" * 5000,
        "#set($x = 1" + "0" * 5000 + ")",
        "x" * 400_000,
    ],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(TemplateInvalid):
        said(template)


@pytest.mark.parametrize(
    "template",
    [
        "$x.__class__",
        "$x.__class__.__mro__",
        "$x.format.__globals__",
        "$input.path.__self__",
        "$util.__class__",
        "$input.__init__",
        "$util.parseJson.__globals__",
        "$context.__class__",
        "$l.__len__()",
        "$x.class.name",
        "$x.getClass().forName('java.lang.Runtime')",
        "$foreach.__class__",
        "$input.json.__call__('$')",
        "$x.encode()",
        "$l.append(1)",
        "$x.format(1)",
        "$x.join($l)",
        "$m.items()",
        "$m.__getitem__('a')",
        "$util.methods",
        "$input.properties",
        "$e.key.__class__",
        "$e._fields",
        "$e.count(1)",
    ],
)
def test_nothing_of_python_can_be_reached(template: str) -> None:
    begin = "#set($x = 'a')#set($l = [1])#set($m = {'a': 1})#foreach($i in $m.entrySet())#set($e = $i)#end["

    assert said(begin + template + "]") == "[]"


HOSTILE = {
    "endless text": "#set($a = 'aaaaaaaaaa')" + '#set($a = "$a$a")' * 60,
    "endless list": "#set($a = [1])" + "#foreach($i in [1..1000])$a.addAll($a)#end",
    "loops": "#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])#set($x = 1)#end#end#end",
    "range": "#set($x = [1..2000000000])",
    "shared lists": "#set($a = [1])" + "#set($a = [$a, $a])" * 40 + "$a",
    "shared lists compared": "#set($a = [1])#set($b = [1])"
    + "#set($a = [$a, $a])#set($b = [$b, $b])" * 40
    + "#if($a == $b)x#end",
    "a list in itself": "#set($a = [1])#set($b = $a.add($a))$a",
    "a list in itself as json": "#set($a = $input.path('$.tags'))#set($b = $a.add($a))$a",
    "a map in itself": "#set($a = {})#set($a.a = $a)$a.toString()",
    "a definition of itself": "#define($a)$a$a#end$a",
    "a macro of itself": "#macro(a)#a()#a()#end#a()",
    "wide macros": "".join(f"#macro(m{i})" + f"#m{i + 1}()" * 20 + "#end" for i in range(19)) + "#m0()",
    "expression": "#set($a = '" + "a" * 5000 + "b')$a.matches('(a+)+c')",
    "alternatives": "#set($a = '" + "a" * 5000 + "')$a.matches('(a|a)*c')",
    "powers": "#set($a = '" + "a" * 5000 + "')$a.replaceAll('a*a*a*a*c', 'x')",
    "powers, often": "#set($a = '" + "a" * 250 + "')" + "$a.matches('a*a*a*c')" * 500,
    "back references": "#set($a = '" + "a" * 5000 + "')$a.matches('(a*)(a*)\\1\\2c')",
    "replaced": "#set($a = '" + "a" * 5000 + "')" + "#set($a = $a.replace('a', $a))" * 5,
    "replaced by expression": "#set($a = '" + "a" * 4000 + "')" + "#set($a = $a.replaceAll('[a]', \"$a$a\"))" * 5,
    "long loops of paths": "#foreach($i in [1..1000])$input.json('$..*')$input.json('$..*')$input.json('$..*')#end"
    * 100,
    "wide numbers": "#set($a = 9)"
    + "#set($a = $a * $a)" * 500
    + "$a.x#foreach($i in [1..$a])x#end$a.parseInt('"
    + "9" * 5000
    + "')",
}


@pytest.mark.parametrize("template", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_template_is_stopped(template: str) -> None:
    began = time.process_time()

    with pytest.raises(TemplateFailure):
        said(template)

    assert time.process_time() - began < 2


def test_paths_that_lead_everywhere_are_stopped() -> None:
    body = b"[" * 400 + b"]" * 400

    with pytest.raises(TemplateFailure):
        said("$input.json('$" + "..*" * 8 + "')", Seen(body))


@pytest.mark.parametrize("template", ["$input.path('$')", "$input.path('$').toString()", "$input.path('$..*').size()"])
def test_a_large_body_is_no_work_without_end(template: str) -> None:
    began = time.process_time()

    with pytest.raises(TemplateFailure):
        said(template, Seen(b"[" + b"1," * 1_000_000 + b"1]"))

    assert time.process_time() - began < 2


def test_long_numbers_of_a_body_are_read() -> None:
    assert said(
        "$input.path('$.a') $input.json('$.b')", Seen(b'{"a": 1' + b"0" * 6000 + b', "b": 12345678901234567890}')
    ) == ("Infinity 12345678901234567890")


def test_a_loop_ends_after_a_thousand_rounds() -> None:
    assert said("#set($n = 0)#foreach($i in [1..5000])#set($n = $n + 1)#end$n") == "1000"


@pytest.mark.parametrize("opening", ['#a("', "#a($x ", "${a|", "$a[1", "#[[", "#*", "#if(", "\\", "$", "#", '"$a'])
def test_reading_takes_a_time_that_is_linear_in_the_length(opening: str) -> None:
    began = time.process_time()
    with suppress(TemplateFailure):
        said(opening * (40_000 // len(opening)))

    assert time.process_time() - began < 2


def test_a_short_template_has_no_loops_and_a_small_body() -> None:
    assert is_short(LOOPS, b"") is False
    assert is_short("$input.json('$')", b"{}") is True
    assert is_short("$input.body.replaceAll('a', 'b')", b"{}") is True
    assert is_short("$input.body.replaceAll('a+', 'b')", b"{}") is False
    assert is_short('"$input.body.matches($x)"#set($y = "$x.split($y)")', b"{}") is False
    assert is_short("$input.json('$')", b"x" * 100_000) is False
