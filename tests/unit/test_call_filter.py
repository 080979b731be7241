"""The filter of system calls in each init, asked by a small interpreter: no machine of the other kind is needed.

docs/decisions/system-calls.md. The numbers are those of each architecture's kernel, written down here once more.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from lambda_emu.sandbox.init.binary import find_init

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, ARM = 0x40000003, 0x40000028
ALLOW, REFUSE, NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
LAST_KNOWN = 452
REFUSED = {  # name: number on x86-64, on arm64
    "acct": (163, 89), "chroot": (161, 51), "clock_settime": (227, 112), "settimeofday": (164, 170),
    "sethostname": (170, 161), "setdomainname": (171, 162), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "vhangup": (153, 58),
    "syslog": (103, 116), "setns": (308, 268), "unshare": (272, 97), "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18), "nfsservctl": (180, 42), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "mbind": (237, 235), "get_mempolicy": (239, 236),
    "set_mempolicy": (238, 237), "set_mempolicy_home_node": (450, 450), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "iopl": (172, None), "ioperm": (173, None), "uselib": (134, None), "ustat": (136, None),
    "sysfs": (139, None), "_sysctl": (156, None), "create_module": (174, None), "get_kernel_syms": (177, None),
    "query_module": (178, None), "getpmsg": (181, None), "putpmsg": (182, None), "afs_syscall": (183, None),
    "tuxcall": (184, None), "security": (185, None), "vserver": (236, None),
}  # fmt: skip
SAID_NOT_TO_EXIST = {"clone3": (435, 435), "memfd_secret": (447, 447)}
CLONE, SOCKET, PERSONALITY, MEMFD_CREATE = (56, 220), (41, 198), (135, 92), (319, 279)
ALLOWED = {"read": (0, 63), "execve": (59, 221), "ptrace": (101, 117), "seccomp": (317, 277), "prctl": (157, 167)}
NEW_USERS, NEW_MOUNTS, OF_A_THREAD, OF_A_FORK = 0x10000000, 0x20000, 0x3D0F00, 17
INSTRUCTION = struct.Struct("<HBBI")
LOAD, JUMP_IF_EQUAL, JUMP_IF_ABOVE, JUMP_IF_ANY, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06


@dataclass(frozen=True, slots=True)
class Filter:
    """A program of classic BPF, as seccomp(2) takes it, from its first instruction on."""

    code: bytes

    def answer(self, arch: int, number: int, *arguments: int) -> int:
        padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
        data = struct.pack("<IIQ6Q", number, arch, 0, *(one & 0xFFFFFFFFFFFFFFFF for one in padded))
        at, loaded = 0, 0
        while True:
            operation, if_so, if_not, value = INSTRUCTION.unpack_from(self.code, at * INSTRUCTION.size)
            at += 1
            if operation == RETURN:
                return int(value)
            if operation == LOAD:
                (loaded,) = struct.unpack_from("<I", data, value)
                continue
            holds = {
                JUMP_IF_EQUAL: loaded == value,
                JUMP_IF_ABOVE: loaded > value,
                JUMP_IF_ANY: bool(loaded & value),
            }[operation]
            at += if_so if holds else if_not


def filters_in(machine: str) -> Iterator[Filter]:
    """Every program in an init: all begin by loading the architecture and looking whether it is this one."""
    code = find_init(machine).read_bytes()
    begins = INSTRUCTION.pack(LOAD, 0, 0, 4) + INSTRUCTION.pack(JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[machine])
    at = code.find(begins)
    while at >= 0:
        yield Filter(code[at:])
        at = code.find(begins, at + 1)


@dataclass(frozen=True, slots=True)
class Machine:
    """One init's two filters, and which of two numbers is its own."""

    name: str
    of_calls: Filter
    of_memfds: Filter

    def number(self, numbers: Sequence[int | None]) -> int | None:
        return numbers[self.name == "aarch64"]

    def ask(self, numbers: Sequence[int | None], *arguments: int) -> int:
        number = self.number(numbers)
        assert number is not None
        return self.of_calls.answer(AUDIT_ARCH[self.name], number, *arguments)


@pytest.fixture(params=AUDIT_ARCH)
def machine(request: pytest.FixtureRequest) -> Machine:
    first, second = filters_in(request.param)
    refuses = [one.answer(I386, 0) == REFUSE | errno.ENOSYS for one in (first, second)]
    assert sorted(refuses) == [False, True]
    return Machine(request.param, *((first, second) if refuses[0] else (second, first)))


def test_what_the_table_names_is_refused_and_nothing_else(machine: Machine) -> None:
    arch = AUDIT_ARCH[machine.name]
    answers = {number: machine.of_calls.answer(arch, number) for number in range(LAST_KNOWN + 1)}

    refused = {number for number, answer in answers.items() if answer == REFUSE | errno.EPERM}
    absent = {number for number, answer in answers.items() if answer == REFUSE | errno.ENOSYS}

    assert refused == {machine.number(numbers) for numbers in REFUSED.values()} - {None}
    assert absent == {machine.number(numbers) for numbers in SAID_NOT_TO_EXIST.values()}
    assert {answers[number] for number in answers.keys() - refused - absent} == {ALLOW}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_programs_need_is_allowed(machine: Machine, name: str) -> None:
    assert machine.ask(ALLOWED[name], 1, 2, 3) == ALLOW


@pytest.mark.parametrize("number", [LAST_KNOWN + 1, 500, 0x40000000, 0x40000000 + 56, 0xFFFFFFFF])
def test_what_is_newer_than_the_table_is_said_not_to_exist(machine: Machine, number: int) -> None:
    """Those of x32 too, which are x86-64's with a bit of their own."""
    assert machine.of_calls.answer(AUDIT_ARCH[machine.name], number) == REFUSE | errno.ENOSYS


@pytest.mark.parametrize("arch", [I386, ARM, 0])
def test_calls_of_another_architecture_are_said_not_to_exist(machine: Machine, arch: int) -> None:
    assert {machine.of_calls.answer(arch, number) for number in range(600)} == {REFUSE | errno.ENOSYS}


@pytest.mark.parametrize(
    ("flags", "answer"),
    [
        (OF_A_FORK, ALLOW),
        (OF_A_THREAD, ALLOW),
        (NEW_USERS | OF_A_FORK, REFUSE | errno.EPERM),
        (NEW_MOUNTS, REFUSE | errno.EPERM),
        (0x7E020000, REFUSE | errno.EPERM),
        (1 << 32 | OF_A_FORK, ALLOW),  # the kernel does not look at these either
    ],
)
def test_a_clone_makes_no_namespace(machine: Machine, flags: int, answer: int) -> None:
    assert machine.ask(CLONE, flags) == answer


@pytest.mark.parametrize(("family", "answer"), [(1, ALLOW), (2, ALLOW), (16, ALLOW), (40, REFUSE | errno.EPERM)])
def test_sockets_are_those_of_this_machine(machine: Machine, family: int, answer: int) -> None:
    assert machine.ask(SOCKET, family, 1, 0) == answer


@pytest.mark.parametrize("persona", [0, 8, 0x20000, 0x20008, 0xFFFFFFFF, -1])
def test_a_personality_that_weakens_nothing_is_allowed(machine: Machine, persona: int) -> None:
    assert machine.ask(PERSONALITY, persona) == ALLOW


@pytest.mark.parametrize("persona", [0x40000, 0x400000, 1])
def test_any_other_personality_is_refused(machine: Machine, persona: int) -> None:
    assert machine.ask(PERSONALITY, persona) == REFUSE | errno.EPERM


def test_files_in_memory_are_asked_for_and_nothing_else_is(machine: Machine) -> None:
    arch = AUDIT_ARCH[machine.name]

    asked = {number for number in range(600) if machine.of_memfds.answer(arch, number) != ALLOW}

    assert asked == {machine.number(MEMFD_CREATE)}
    assert machine.of_memfds.answer(arch, MEMFD_CREATE[machine.name == "aarch64"]) == NOTIFY
    assert {machine.of_memfds.answer(I386, number) for number in range(600)} == {ALLOW}
