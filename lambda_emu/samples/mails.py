"""Of e-mails that come in: docs/contract/events.md#pushed-events."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.samples.values import function_id
from lambda_emu.services.child.program.mails.message import Mail
from lambda_emu.services.child.program.mails.notices import Received

SES = Samples("ses")
SAMPLES = (SES,)


@SES.add(
    "receipt",
    "An e-mail that came in, by a receipt rule.",
    sender="Ada <ada@example.com>",
    recipient="orders@example.com",
    subject="An order",
    body="One cake, please.",
)
def receipt(asked: SampleRequest) -> dict[str, Any]:
    at = datetime.fromtimestamp(asked.now_s, UTC)
    headers = {
        "From": asked["sender"],
        "To": asked["recipient"],
        "Subject": asked["subject"],
        "Date": format_datetime(at),
        "Message-ID": f"<{asked.clock.new_id()}@example.com>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    }
    raw = (
        "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in headers.items())
        + f"\r\n{asked['body']}\r\n"
    )
    time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    scope, to = asked.scope, [asked["recipient"]]
    mail = Mail(asked.clock.new_id(), asked["sender"], to, (), (), raw.encode(), time, scope.account, scope.region)
    action = {"type": "Lambda", "functionArn": function_id(asked).arn(), "invocationType": "Event"}
    return Received(mail, asked.clock.new_token()[:32] + "abcdefgh").event(mail.recipients, action)
