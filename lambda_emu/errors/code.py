"""What is wrong with code that was sent. docs/contract/api.md#texts."""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter


class InvalidZip(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Could not unzip uploaded file. Please check your file, then try to upload again.")


class UnzippedTooLarge(InvalidParameter):
    def __init__(self, limit_bytes: int = 262_144_000) -> None:
        super().__init__(f"Unzipped size must be smaller than {limit_bytes} bytes")


class TooManyFolders(InvalidParameter):
    """AWS names no such limit; here each folder is one in every environment."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Unzipped, the code has more than {limit} folders; lambda-emu takes no more")


class CodeMissing(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Please provide a source for function code.")


class CodeTwice(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Please do not provide other FunctionCode parameters when providing a ZipFile.")
