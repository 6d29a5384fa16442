"""The call filter, run by a small interpreter of classic BPF: what it says of each call on each architecture."""

from __future__ import annotations

import struct

import pytest

from tdscaling.sandbox.code.seccomp import ALLOW, ARCHES, DENIED, EPERM, ERRNO, INSTRUCTION, KILL, compile_filter

MACHINES = sorted(ARCHES)


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the compiled filter returns for a call."""
    arch = ARCHES[machine]
    six = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, arch.audit if audit is None else audit, 0, *six)
    program = list(INSTRUCTION.iter_unpack(compile_filter(machine)))
    accumulator = at = 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        match code:
            case 0x20:
                accumulator = struct.unpack_from("=I", data, value)[0]
            case 0x15:
                at += yes if accumulator == value else no
            case 0x35:
                at += yes if accumulator >= value else no
            case 0x45:
                at += yes if accumulator & value else no
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(code)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_of_the_table_is_refused(machine: str) -> None:
    """With EPERM, whatever its arguments."""
    column = ARCHES[machine].column
    for name, numbers in DENIED.items():
        number = numbers[column]
        if number is not None:
            assert verdict(machine, number) == ERRNO | EPERM, name


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_outside_of_the_table_are_allowed(machine: str) -> None:
    """Reading, writing, forking."""
    arch = ARCHES[machine]
    listed = {numbers[arch.column] for numbers in DENIED.values()} | {arch.clone3}
    assert all(verdict(machine, number, 1) == ALLOW for number in range(600) if number not in listed)


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architecture_s_calls_end_the_process(machine: str) -> None:
    """Their numbers mean other things."""
    assert verdict(machine, 0, audit=0x40000003) == KILL


def test_calls_of_the_x32_interface_do_not_exist() -> None:
    """They would be a second table."""
    assert verdict("x86_64", 0x40000000 | 165) == ERRNO | 38


@pytest.mark.parametrize("machine", MACHINES)
def test_clone_makes_processes_and_threads_and_no_namespaces(machine: str) -> None:
    """Any one namespace flag is enough for a refusal; clone3 hides its flags and is not there."""
    arch = ARCHES[machine]
    assert verdict(machine, arch.clone, 17) == ALLOW
    assert verdict(machine, arch.clone, 0x3D0F00) == ALLOW
    for flag in (0x80, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(machine, arch.clone, flag | 17) == ERRNO | EPERM
    assert verdict(machine, arch.clone3) == ERRNO | 38


@pytest.mark.parametrize("machine", MACHINES)
def test_sockets_are_of_three_families(machine: str) -> None:
    """AF_VSOCK (40) would reach a hypervisor, AF_PACKET (17) and AF_ALG (38) the kernel."""
    arch = ARCHES[machine]
    for call in (arch.socket, arch.socketpair):
        assert [verdict(machine, call, family) == ALLOW for family in (1, 2, 10)] == [True] * 3
        assert [verdict(machine, call, family) for family in (16, 17, 38, 40)] == [ERRNO | 97] * 4


@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_is_typed_into_a_terminal(machine: str) -> None:
    """TIOCSTI and TIOCLINUX; other requests pass."""
    arch = ARCHES[machine]
    assert [verdict(machine, arch.ioctl, 0, request) for request in (0x5412, 0x541C)] == [ERRNO | EPERM] * 2
    assert verdict(machine, arch.ioctl, 0, 0x5413) == ALLOW


def test_an_architecture_without_a_table_has_no_filter() -> None:
    """Nothing runs there."""
    with pytest.raises(KeyError):
        compile_filter("riscv64")
