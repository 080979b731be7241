"""The handlers that are measured; both emulators run this very file."""

import os
import time
from typing import Any


def noop(event: Any, _context: object) -> Any:
    return event


def sleep(event: Any, _context: object) -> Any:
    time.sleep(0.1)
    return event


def crash(event: Any, _context: object) -> Any:
    if event.get("crash"):
        os._exit(1)
    return event
