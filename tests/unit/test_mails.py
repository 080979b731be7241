"""E-mail as MIME: what is made of parts is read again, and what is out of all bounds takes nobody's time."""

from __future__ import annotations

from email import message_from_bytes, policy
from time import thread_time
from typing import Any

import pytest
from moto.ses.exceptions import InvalidRenderingParameterException, MissingRenderingAttributeException

from lambda_emu.services.child.program.mails.composing import compose
from lambda_emu.services.child.program.mails.reading import MOST_HEADER, MOST_PARTS, MailReader
from lambda_emu.services.child.program.mails.templates import render

TO = {"ToAddresses": ["Jörg Müller <j@b.example>", "a@b.example"]}
FROM = b"From: a@b.example\r\nTo: "
LONG_S = 5.0
"""Of the processor's time, whoever else needs it."""


def test_what_is_made_of_parts_is_what_a_mail_program_reads() -> None:
    """Python's own newer reader is that program."""
    content: dict[str, Any] = {
        "Subject": {
            "Data": "Grüße an alle, die viel zu lesen haben, bis die Zeile zu Ende ist und noch ein wenig mehr"
        },
        "Body": {"Text": {"Data": "Zeile ü\n\n.punkt\n"}, "Html": {"Data": "<p>" + "x" * 3000 + "</p>"}},
        "Headers": [{"Name": "X-Order", "Value": "17"}],
        "Attachments": [
            {"FileName": "Rechnung für Jörg.pdf", "RawContent": b"%PDF\xff", "ContentType": "application/pdf"},
            {"FileName": "logo.png", "RawContent": b"x", "ContentDisposition": "INLINE", "ContentId": "logo"},
        ],
    }

    raw = compose("Der Händler <shop@b.example>", TO, content, ["help@b.example"])

    read = message_from_bytes(raw, policy=policy.default)
    assert (read["From"], read["To"]) == ("Der Händler <shop@b.example>", "Jörg Müller <j@b.example>, a@b.example")
    assert (read["Subject"], read["X-Order"], read["Reply-To"]) == (content["Subject"]["Data"], "17", "help@b.example")
    plain, html = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == "Zeile ü\n\n.punkt\n"
    assert html.get_content().strip() == content["Body"]["Html"]["Data"]
    attached = [(one.get_filename(), one.get_content_type(), one.get_content()) for one in read.iter_attachments()]
    assert attached == [
        ("Rechnung für Jörg.pdf", "application/pdf", b"%PDF\xff"), ("logo.png", "application/octet-stream", b"x")
    ]  # fmt: skip
    ours = MailReader(raw)
    assert (ours.text("plain"), ours.header("Subject")) == ("Zeile ü\n\n.punkt", content["Subject"]["Data"])
    assert [one["name"] for one in ours.attachments()] == ["Rechnung für Jörg.pdf", "logo.png"]


@pytest.mark.parametrize(
    "content",
    [
        {"Subject": {"Data": "a\r\nBcc: b@c.example"}},
        {"Subject": {"Data": "a" * (MOST_HEADER + 1)}},
        {"Headers": [{"Name": "X-A: b\r\nX-C", "Value": "d"}]},
        {"Headers": [{"Name": "X-A", "Value": "b\nX-C: d"}]},
        {"Attachments": [{"FileName": "a\r\nX-C: d", "RawContent": b""}]},
    ],
)
def test_no_part_says_more_than_it_is_for(content: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"end|name|characters"):
        compose("a@b.example", TO, content, ())


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * (MOST_PARTS + 1) + b"--b--",
        FROM + b"a@b.example, " * 20_000,
        b"".join(b"X-%d: y\r\n" % n for n in range(20_000)),
    ],
    ids=["nested", "messages", "parts", "recipients", "headers"],
)
def test_what_is_out_of_bounds_is_refused_at_once(raw: bytes) -> None:
    begun_s = thread_time()
    with pytest.raises(ValueError, match=r"[tT]oo|more"):
        MailReader(raw)
    assert thread_time() - begun_s < LONG_S


@pytest.mark.parametrize("letter", [b'"', b"(", b"<", b"a@b.example, ", b"=?utf-8?q?a?=", b"\\", b"a ", b";a=b"])
@pytest.mark.parametrize(
    "header", [FROM, b"Subject: ", b"Content-Type: text/plain", b"Content-Disposition: attachment"]
)
def test_no_header_within_bounds_takes_long(header: bytes, letter: bytes) -> None:
    begun_s = thread_time()
    try:
        reader = MailReader(header + (letter * MOST_HEADER)[: MOST_HEADER - 100] + b"\r\n\r\nx")
        reader.headers(), reader.addresses("To"), reader.text("plain"), reader.attachments()
    except ValueError:
        pass  # refused, such as comments in comments
    assert thread_time() - begun_s < LONG_S


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (bytes(range(256)), None),
        (b"Content-Type: text/plain; charset=nope\r\n\r\n\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xfc", "ü"),
        (b"Content-Transfer-Encoding: base64\r\n\r\n!!!", None),
        (b"Content-Type: /;;=\r\n\r\nx", None),
    ],
)
def test_whatever_is_sent_is_read_somehow(raw: bytes, text: str | None) -> None:
    reader = MailReader(raw)

    found = reader.text("plain")

    assert text is None or found == text
    assert isinstance(reader.attachments(), list)


DATA = {"name": "Ada", "n": 2, "ok": True, "no": [], "who": {"first": "A"}, "l": [{"x": 1, "m": ["a", "b"]}, {"x": 2}]}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{name}}, {{ n }} {{who.first}} {{{name}}} {{ok}}", "Hi Ada, 2 A Ada true"),
        ("{{#each l}}{{x}}{{#each m}}[{{this}}{{../../name}}]{{/each}};{{/each}}", "1[aAda][bAda];2;"),
        ("{{#if ok}}yes{{else}}no{{/if}}{{#if gone}}yes{{else}}no{{/if}}{{#unless no}}none{{/unless}}", "yesnonone"),
        ("{{#each no}}x{{else}}nobody{{/each}}", "nobody"),
        ("<b>{{name}}</b> { {name} }", "<b>Ada</b> { {name} }"),
        ("elsewhere {{name}}", "elsewhere Ada"),
        ("", ""),
    ],
)
def test_a_template_says_what_it_means(template: str, text: str) -> None:
    assert render(template, DATA) == text


@pytest.mark.parametrize(
    ("template", "data"),
    [
        ("{{gone}}", {}),
        ("{{#each l}}{{gone}}{{/each}}", {"l": [{}]}),
        ("{{#each l}}x", {}),
        ("{{/each}}", {}),
        ("{{#with a}}{{/with}}", {}),
        ("{{else}}", {}),
        ("{{#if a}}{{/each}}", {}),
        ("{{#if a}}" * 30 + "{{/if}}" * 30, {}),
        ("{{#each l}}{{#each ../l}}{{/each}}{{/each}}", {"l": [1] * 100_000}),
        ("{{#each l}}" + "x" * 100_000 + "{{/each}}", {"l": [1] * 100_000}),
        ("{{a}}" * 100_000, {"a": "x" * 100_000}),
        ("{{#each l}}{{#each ../l}}{{#each ../../l}}x{{/each}}{{/each}}{{/each}}", {"l": [1] * 1000}),
    ],
)
def test_what_is_no_template_or_comes_to_too_much_is_refused_at_once(template: str, data: dict[str, Any]) -> None:
    begun_s = thread_time()
    with pytest.raises((InvalidRenderingParameterException, MissingRenderingAttributeException)):
        render(template, data)
    assert thread_time() - begun_s < LONG_S
