from pathlib import Path

import pytest

from lambda_emu.sandbox.process.namespaces import BEYOND_ACCOUNTS, outside_ids


@pytest.mark.parametrize(
    ("users", "groups", "beyond"),
    [
        ("0 0 4294967295", "0 0 4294967295", True),
        ("0 1000 1\n1 100000 4294900000", "0 0 4294967295", True),
        ("0 100000 65536", "0 0 4294967295", False),
        ("0 0 4294967295", "0 100000 65536", False),
        ("", "", False),
    ],
)
def test_a_number_is_taken_that_is_mapped_here(tmp_path: Path, users: str, groups: str, beyond: bool) -> None:
    (tmp_path / "uid_map").write_text(users)
    (tmp_path / "gid_map").write_text(groups)

    own, base = (0xABC, BEYOND_ACCOUNTS) if beyond else (0, 0)
    assert outside_ids("000abc" + "f" * 26, tmp_path) == (base + 993 + own, base + 990)
