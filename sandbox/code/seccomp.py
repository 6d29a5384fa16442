"""The system call filter of sandboxes that bubblewrap makes: a table of what is denied, compiled to classic BPF.

Docker brings a filter of its own; bubblewrap takes one that is handed to it and has none by default. What is denied
here is what a namespace does not contain: other namespaces, tracing, keys, kernel modules, and every kind of memory
that no limit of a process counts, because in this tier limits of processes are all there is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

INSTRUCTION = struct.Struct("=HBBI")
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_SET, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ARCH, NUMBER, ARGUMENT = 4, 0, 16
"""Offsets in what the filter is shown of a call."""
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
NAMESPACES = 0x7E020080
"""CLONE_NEW… in the flags of clone: every kind of namespace."""
X32 = 0x40000000
"""Bit of the number of a call of the x32 ABI."""
FAMILIES = (1, 2, 10)
"""Address families that sockets may have: unix, IPv4, IPv6. There is no network; some other families need none."""
TERMINAL = (0x5412, 0x541C)
"""ioctls that put words into the mouth of a terminal: TIOCSTI, TIOCLINUX."""

# {name: (x86_64, aarch64)}; None where the architecture has no such call.
DENIED: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {
        "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
        "unshare": (272, 97), "setns": (308, 268), "fsopen": (430, 430), "fsconfig": (431, 431),
        "fsmount": (432, 432), "fspick": (433, 433), "move_mount": (429, 429), "open_tree": (428, 428),
        "mount_setattr": (442, 442), "open_tree_attr": (467, 467),
        "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
        "process_madvise": (440, 440), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
        "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
        "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
        "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
        "memfd_create": (319, 279), "memfd_secret": (447, 447),
        "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
        "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191),
        "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
        "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
        "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
        "swapon": (167, 224), "swapoff": (168, 225), "syslog": (103, 116), "acct": (163, 89),
        "quotactl": (179, 60), "quotactl_fd": (443, 443), "name_to_handle_at": (303, 264),
        "open_by_handle_at": (304, 265), "fanotify_init": (300, 262), "personality": (135, 92),
        "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
        "sethostname": (170, 161), "setdomainname": (171, 162), "vhangup": (153, 58), "lookup_dcookie": (212, 18),
        "mbind": (237, 235), "set_mempolicy": (238, 237), "migrate_pages": (256, 238), "move_pages": (279, 239),
        "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "uselib": (134, None),
        "_sysctl": (156, None), "ustat": (136, None), "sysfs": (139, None), "nfsservctl": (180, 42),
        "create_module": (174, None), "get_kernel_syms": (177, None), "query_module": (178, None),
    }
)  # fmt: skip


class Arch(msgspec.Struct, frozen=True):
    """What the filter needs to know of an architecture."""

    audit: int
    """AUDIT_ARCH_…"""
    column: int
    """In the table above."""
    clone: int
    clone3: int
    socket: int
    socketpair: int
    ioctl: int


ARCHES: Mapping[str, Arch] = MappingProxyType(
    {
        "x86_64": Arch(0xC000003E, 0, clone=56, clone3=435, socket=41, socketpair=53, ioctl=16),
        "aarch64": Arch(0xC00000B7, 1, clone=220, clone3=435, socket=198, socketpair=199, ioctl=29),
    }
)


def compile_filter(machine: str) -> bytes:
    """The program for an architecture, as bubblewrap's --seccomp reads it.

    Raises:
        KeyError: there is no table for this architecture; nothing may run there.
    """
    arch = ARCHES[machine]
    program: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, ARCH),
        (JUMP_EQUAL, 1, 0, arch.audit),
        (RETURN, 0, 0, KILL),  # another ABI has other numbers
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":
        program += [(JUMP_AT_LEAST, 0, 1, X32), (RETURN, 0, 0, ERRNO | ENOSYS)]
    # clone3 has its flags in memory, where a filter cannot look; libraries fall back to clone.
    program += _deny(arch.clone3, ENOSYS)
    for numbers in DENIED.values():
        number = numbers[arch.column]
        if number is not None:
            program += _deny(number, EPERM)
    program += _on(arch.clone, [(LOAD, 0, 0, ARGUMENT), (JUMP_SET, 0, 1, NAMESPACES), (RETURN, 0, 0, ERRNO | EPERM)])
    for call in (arch.socket, arch.socketpair):
        families = [(JUMP_EQUAL, len(FAMILIES) - place, 0, family) for place, family in enumerate(FAMILIES)]
        program += _on(call, [(LOAD, 0, 0, ARGUMENT), *families, (RETURN, 0, 0, ERRNO | EAFNOSUPPORT)])
    requests = [(JUMP_EQUAL, 1, 0, TERMINAL[0]), (JUMP_EQUAL, 0, 1, TERMINAL[1])]
    program += _on(arch.ioctl, [(LOAD, 0, 0, ARGUMENT + 8), *requests, (RETURN, 0, 0, ERRNO | EPERM)])
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(INSTRUCTION.pack(code, yes, no, value) for code, yes, no, value in program)


def _deny(number: int, errno: int) -> list[tuple[int, int, int, int]]:
    return [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | errno)]


def _on(number: int, body: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """`body` where the call has this number; it leaves what it does not decide to the next instruction but one."""
    # The body changes the accumulator: what follows it has to load the number again.
    return [(JUMP_EQUAL, 0, len(body) + 1, number), *body, (LOAD, 0, 0, NUMBER)]
