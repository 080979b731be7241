"""The root folder that sandboxes of the process sandbox see: a few of the host's folders, read-only, and their own.

Written as a table for `mount --all`, so that one short program makes a sandbox's root of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lambda_emu.sandbox.toolchain.interpreter import SYSTEM

USER, GROUP = 993, 990
FILES_PER_MB = 256
"""Of /tmp: one for each page, so that empty files, which take the kernel's memory alone, cannot take all of it."""

READ_ONLY = "rbind,ro,nosuid,nodev"
DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
ETC_FOLDERS = ("alternatives", "ca-certificates", "crypto-policies", "pki/ca-trust", "pki/java", "pki/tls", "ssl")
AUTHORITIES = "ssl/certs/ca-certificates.crt"
AUTHORITIES_ON_AMAZON_LINUX = (
    "pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "pki/tls/cert.pem",
    "pki/tls/certs/ca-bundle.crt",
)
ETC_FILES = ("ld.so.cache", "ld.so.conf", "localtime", "os-release", "protocols", "services")
ETC_OWN = {
    "passwd": f"root:x:0:0::/root:/bin/sh\nsbx_user1051:x:{USER}:{GROUP}::/home/sbx_user1051:/sbin/nologin\n",
    "group": f"root:x:0:\nsbx_user1051:x:{GROUP}:\n",
    "nsswitch.conf": "hosts: files dns\n",
    "hosts": "127.0.0.1 localhost\n",
    "resolv.conf": "",
}
RESOLVER = "resolv.conf"  # each sandbox has its own: it changes with the network
HOSTS = "hosts"  # and of this: it says the sandbox's own addresses
LINE = "var/rapid/line"
FOLDERS = ("dev/mqueue", "etc", "opt", "proc", "tmp", "var/lang", "var/rapid", LINE, "var/runtime", "var/task")

Line = tuple[str | Path, str | Path, str, str]
"""source, target, type and options, as in fstab(5)"""


def make_root(root: Path, init: Path) -> None:
    """Fill a new folder with what every sandbox's root has, down to the places where things are mounted."""
    for name in FOLDERS:
        make_folder(root, root / name)
    for name in SYSTEM:
        host = Path("/", name)
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
        elif host.is_dir():
            make_folder(root, root / name)
    for name in DEVICES:
        (root / "dev" / name).touch()
    for name, target in DEVICE_LINKS.items():
        (root / "dev" / name).symlink_to(target)
    _make_etc(root)
    shutil.copy(init, root / "var/rapid/init")
    (root / "var/rapid/init").chmod(0o755)


def _make_etc(root: Path) -> None:
    etc = root / "etc"
    for name, text in ETC_OWN.items():
        (etc / name).write_text(text)
    for name in ETC_FILES:
        if (host := Path("/etc", name)).is_file():
            shutil.copyfile(host, etc / name)
    for name in ETC_FOLDERS:
        if Path("/etc", name).is_dir():
            make_folder(root, etc / name)
    if not Path("/etc/pki/tls").is_dir() and Path("/etc", AUTHORITIES).is_file():
        for name in AUTHORITIES_ON_AMAZON_LINUX:
            make_folder(root, (etc / name).parent)
            (etc / name).symlink_to(Path("/etc", AUTHORITIES))
    for file in etc.iterdir():
        file.chmod(0o755 if file.is_dir() else 0o644)


def make_folder(top: Path, folder: Path) -> None:
    """Make a folder and those above it, up to `top`, which everyone may enter, whatever the umask."""
    folder.mkdir(parents=True, exist_ok=True)
    while folder != top:
        folder.chmod(0o755)
        folder = folder.parent
    top.chmod(0o755)


def make_place(top: Path, place: Path, of: Path) -> None:
    """Make what `of`, a folder or a file, can be mounted on."""
    if of.is_dir():
        make_folder(top, place)
    else:
        make_folder(top, place.parent)
        place.touch()


def write_resolver(folder: Path) -> None:
    """Make a sandbox's own /etc/resolv.conf."""
    ours = Path("/etc/resolv.conf")
    (folder / RESOLVER).write_text(ours.read_text() if ours.is_file() else "")
    (folder / RESOLVER).chmod(0o644)


def write_hosts(folder: Path, names: Mapping[str, str]) -> None:
    """Make a sandbox's own /etc/hosts. names: with the address of each."""
    (folder / HOSTS).write_text(ETC_OWN[HOSTS] + "".join(f"{host} {name}\n" for name, host in names.items()))
    (folder / HOSTS).chmod(0o644)


def root_lines(root: Path) -> Iterator[Line]:
    """What is mounted in every sandbox made from this root."""
    yield root, root, "none", READ_ONLY
    for name in SYSTEM:
        if (root / name).is_dir() and not (root / name).is_symlink():
            yield f"/{name}", root / name, "none", READ_ONLY
    for name in ETC_FOLDERS:
        if Path("/etc", name).is_dir():
            yield f"/etc/{name}", root / "etc" / name, "none", READ_ONLY
    for name in DEVICES:
        yield f"/dev/{name}", root / "dev" / name, "none", "bind"
    yield "proc", root / "proc", "proc", "nosuid,nodev,noexec"
    yield "mqueue", root / "dev/mqueue", "mqueue", "nosuid,nodev,noexec"  # as in a container; init clears it by it


def sandbox_lines(root: Path, folder: Path, toolchain: Path, tmp_mb: int) -> Iterator[Line]:
    """What is mounted in one sandbox alone. folder: its own, toolchain: of its runtime."""
    yield "tmpfs", root / "tmp", "tmpfs", f"nosuid,nodev,mode=1777,size={tmp_mb}m,nr_inodes={tmp_mb * FILES_PER_MB}"
    for name in (RESOLVER, HOSTS):
        yield folder / name, root / "etc" / name, "none", READ_ONLY
    yield folder / "line", root / LINE, "none", READ_ONLY
    yield folder / "task", root / "var/task", "none", READ_ONLY
    yield folder / "opt", root / "opt", "none", READ_ONLY
    for name in ("lang", "runtime"):
        yield toolchain / name, root / "var" / name, "none", READ_ONLY


def host_lines(root: Path, host_files: Mapping[Path, Path]) -> Iterator[Line]:
    """Files of the host, where a sandbox sees them; the places are there."""
    for shown, host in host_files.items():
        yield host, root / shown.relative_to("/"), "none", READ_ONLY


def fstab(lines: Iterable[Line]) -> str:
    """The table of mount(8), blanks in paths written as it wants them."""

    def word(value: str | Path) -> str:
        return str(value).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")

    return "".join(f"{' '.join(map(word, line))} 0 0\n" for line in lines)
