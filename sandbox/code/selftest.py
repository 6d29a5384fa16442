"""What a fresh sandbox is made to try before any model-written code runs in one: nothing of it may succeed.

A kernel, a distribution or a container around us can take away a wall without a word: limits that do not bind, a call
filter that is not installed, user namespaces that are forbidden. Then there is no code tool.
"""

from __future__ import annotations

import msgspec

from ...runtime.errors import InfrastructureFault
from .base import START, CodeSession
from .limits import Limits

DEADLINE_S = 20.0
CELL = """
import ctypes, json, os, resource, socket, sys

PROCESSES = %d
found = {}


def fails(name, action):
    try:
        action()
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
    else:
        found[name] = "succeeded"


def call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def forks():
    children = []
    try:
        for _ in range(2 * PROCESSES):
            child = os.fork()
            if child == 0:
                import time
                time.sleep(30)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)


state = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
for key in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
    if int(state[key], 16):
        found[key] = state[key].strip()
if state["NoNewPrivs"].strip() != "1":
    found["NoNewPrivs"] = state["NoNewPrivs"].strip()
if state["Seccomp"].strip() != "2":
    found["Seccomp"] = state["Seccomp"].strip()
if os.getuid() == 0:
    found["user"] = "root"
links = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
if [name for name in links if name not in ("lo", "tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0",
                                           "ip6tnl0", "ip6gre0")]:
    found["network"] = " ".join(links)
for folder in ("/home", "/root"):
    if os.path.isdir(folder) and os.access(folder, os.R_OK) and os.listdir(folder):
        found[folder] = "readable"
for path in ("/usr/x", "/etc/x", "/x", "/dev/x"):
    fails("write to " + path, lambda: open(path, "w"))
fails("the supervisor's environment", lambda: open("/proc/1/environ", "rb").read())
fails("the supervisor's memory", lambda: open("/proc/1/mem", "rb"))
fails("user namespace", lambda: call("unshare", 0x10000000))
fails("mount", lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, 0))
fails("ptrace", lambda: call("ptrace", 16, 1, 0, 0))
fails("allocation", lambda: bytearray(resource.getrlimit(resource.RLIMIT_AS)[0]))
fails("forks", forks)
print(json.dumps(found))
"""


async def check_containment(session: CodeSession, limits: Limits) -> None:
    """Run the trials in a session that is thrown away afterwards. Raises InfrastructureFault, which says what held."""
    result = await session.run("python", CELL % limits.processes, deadline_s=DEADLINE_S)
    try:
        found = msgspec.json.decode(result.stdout, type=dict[str, str])
    except msgspec.DecodeError:
        said = (result.stderr or result.reason.encode())[-200:].decode(errors="replace").strip().splitlines()
        raise InfrastructureFault(START, f"the self-test did not end: {said[-1] if said else result.reason}") from None
    if found:
        held = ", ".join(f"{name} ({value})" for name, value in found.items())
        raise InfrastructureFault(START, f"the sandbox does not contain: {held}")
