"""Images from registries: whether one can be reached, and pulls, which tell how far they have come."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from itertools import takewhile
from threading import Event
from typing import Any

from lambda_emu.architectures import GOARCH
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.tool_runner import Progress

ADDRESS = "https://public.ecr.aws/v2/"
ANSWER_LIMIT_S = 3.0


def registry_answers(address: str = ADDRESS) -> bool:
    """Ask it ourselves: an engine without a way out would let a pull hang for a minute."""
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_LIMIT_S):
            return True
    except urllib.error.HTTPError:
        return True  # 401: it wants a token, which the engine will get
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # the engine may know its certificate
    except OSError:
        return False


def pull(
    api: Any,
    name: str,
    architecture: str,
    given_up: Event,
    progress: Progress,
    login: Mapping[str, str] | None = None,
) -> None:
    """Have the engine pull an image. login: `username` and `password`; None: as it is logged in.

    SandboxError and what the engine raises; no error once it is given up.
    """
    events = api.pull(name, platform=f"linux/{GOARCH[architecture]}", stream=True, decode=True, auth_config=login)
    follow(takewhile(lambda _: not given_up.is_set(), events), progress)


def follow(events: Iterable[Mapping[str, Any]], progress: Progress) -> None:
    """Tell how many layers have come, until the engine says no more. SandboxError if it says the pull failed."""
    layers: dict[str, bool] = {}
    for event in events:
        if "error" in event:
            raise SandboxError(str(event["error"]))
        layer, done = event.get("id"), event.get("status") in ("Pull complete", "Already exists")
        if layer is None or layers.get(layer) == done or event.get("status", "").startswith("Pulling from"):
            continue
        layers[layer] = done
        progress(f"pulling: {sum(layers.values())} of {len(layers)} layers")
