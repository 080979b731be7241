"""Which bucket a host names: SDKs put it before the name by which they ask S3, unless that is an address."""

from __future__ import annotations

import re

from lambda_emu.http.message import Head

_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]"
_BELOW_S3 = rf"(.+?)\.s3(?:[.-]{_REGION})?\.(?:localhost|localhost\.localstack\.cloud|amazonaws\.com)"
_BELOW_US = r"(.+)\.localhost(\.localstack\.cloud)?"
_A_SERVICE = rf"(?:[a-z][a-z0-9-]*\.)?{_REGION}|{_REGION}\.[a-z-]+|[a-z0-9-]{{2,}}"
"""Of LocalStack's names: `sqs.us-east-1`, `us-east-1.queue`, `lambda`; a bucket there stands before `s3`."""


def bucket_of(host: str) -> str | None:
    """The one in front of this name, lower case and without a port; None: it names a service, or is none of ours."""
    if "." not in host or host[-1].isdigit():  # as nearly every one
        return None
    below = re.fullmatch(_BELOW_S3, host)
    if below is not None:
        return below[1]
    below = re.fullmatch(_BELOW_US, host)
    if below is None or re.fullmatch(rf"s3(?:[.-]{_REGION})?", below[1]):
        return None
    return None if below[2] and re.fullmatch(_A_SERVICE, below[1]) else below[1]


def bucket_in(head: Head) -> str | None:
    """The one that a request names by its Host."""
    return bucket_of(head.first.get(b"host", b"").decode("latin-1").lower().partition(":")[0])
