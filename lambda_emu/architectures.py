"""The architectures that Lambda has, and what others call them."""

from __future__ import annotations

import os

ARCHITECTURES = ("x86_64", "arm64")
GOARCH = {"x86_64": "amd64", "arm64": "arm64"}
"""Go's names, which Docker and Debian have too."""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""The names that uname(1) prints on Linux."""
_BY_OTHERS = {name: ours for names in (GOARCH, MACHINES) for ours, name in names.items()}

HOST_ARCHITECTURE = _BY_OTHERS.get(os.uname().machine.lower(), os.uname().machine)
"""This machine's; of one that Lambda does not have, what it calls itself."""
