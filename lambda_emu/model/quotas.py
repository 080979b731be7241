"""Limits of an account and of a function. Contract: quotas.md."""

from __future__ import annotations

CONCURRENT_EXECUTIONS = 1000
MINIMUM_UNRESERVED = 100

MEMORY_MB = 10_240
TIMEOUT_S = 900
EPHEMERAL_STORAGE_MB = 10_240
ENVIRONMENT_BYTES = 4096
LAYERS = 5
POLICY_BYTES = 20_480
TAGS = 50
NAME_CHARACTERS = 64
FUNCTIONS_PER_PAGE = 50
PAGE = 50  # of lists that have no other number
MAPPINGS_PER_PAGE = 100
FILTERS = 5
