"""Attacks that reach for something outside: files, the network, other processes, the kernel."""

from __future__ import annotations

import platform

from tdscaling.sandbox.code.seccomp import ARCHES, DENIED
from tdscaling.tests.sandbox.code.attack import Attack

COLUMN = ARCHES[platform.machine()].column if platform.machine() in ARCHES else 0
WRITES = ("/usr/bin/x", "/bin/x", "/usr/lib/x", "/etc/x", "/x", "/run/tdscaling/x", "/usr/share/x", "/w/x")
FORMS = (
    ("127.0.0.1", 4),
    ("localhost", 4),
    ("127.1", 4),
    ("127.0.1", 4),
    ("2130706433", 4),
    ("0x7f000001", 4),
    ("0177.0.0.1", 4),
    ("127.0.0.2", 4),
    ("::1", 6),
    ("::ffff:127.0.0.1", 6),
    ("::ffff:7f00:1", 6),
)
"""This machine's loopback, written in eleven ways."""


def number(name: str) -> int:
    """A system call's number on this machine."""
    return DENIED[name][COLUMN] or 0


def syscall(name: str, arguments: str = "", title: str = "") -> Attack:
    """A system call that must not come through; the control shows that its arguments would."""
    source = f"report(works(lambda: call({number(name)}, {arguments})))"
    return Attack(title or f"system call {name}", source, "lifted")


FILES = [
    *(Attack(f"write {path}", f"report(works(lambda: open({path!r}, 'w').write('x')))", "lifted") for path in WRITES),
    Attack("write through /proc/self/root", "report(works(lambda: open('/proc/self/root/usr/x', 'w')))", "lifted"),
    Attack("replace the interpreter", "report(works(lambda: os.rename('/usr/bin/env', '/usr/bin/env2')))", "lifted"),
    Attack(
        "the kernel's settings", "report(works(lambda: open('/proc/sys/kernel/hostname', 'w').write('x')))", "lifted"
    ),
    Attack("a secret of the host by its path", "report(works(lambda: open({secret!r}).read()))", "host"),
    Attack("the engine's socket", "report(os.path.exists('/var/run/docker.sock'))", "lifted"),
    Attack("make a device", "report(works(lambda: os.mknod('dev', 0o20666, os.makedev(1, 1))))", "lifted"),
    Attack("root's file mode", "open('f', 'w'); report(works(lambda: os.chown('f', 0, 0)))", "lifted"),
    Attack(
        "a link that leads to a secret",
        "os.symlink({secret!r}, 'l'); report(works(lambda: open('l').read())); os.unlink('l')",
        "host",
    ),
]
NETWORK = [
    *(
        Attack(
            f"connect to {host}",
            f"""
            link = socket.socket(socket.AF_INET{"6" if family == 6 else ""}, socket.SOCK_STREAM)
            link.settimeout(2)
            report(works(lambda: link.connect(({host!r}, {{port}}))))
            """,
            "host",
        )
        for host, family in FORMS
    ),
    Attack(
        "a datagram to 127.0.0.1",
        """
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.connect(("127.0.0.1", {udp}))
        link.settimeout(1)
        def ask():
            link.send(b"x")
            link.recv(1)
        report(works(ask))
        """,
        "host",
    ),
    Attack(
        "an abstract unix socket",
        "link = socket.socket(socket.AF_UNIX)\nreport(works(lambda: link.connect('\\0' + {abstract!r})))",
        "host",
    ),
    Attack("a unix socket by its path", "report(works(lambda: socket.socket(1).connect({socket!r})))", "host"),
    Attack("a raw socket", "report(works(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))", "lifted"),
    Attack("a packet socket", "report(works(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)))", "lifted"),
]
PROCESSES = [
    Attack(
        "see a process of the host",
        """
        found = False
        for entry in os.listdir("/proc"):
            if entry.isdecimal() and int(entry) != os.getpid():
                try:
                    found = found or {marker!r} in open(f"/proc/{entry}/cmdline").read()
                except OSError:
                    pass
        report(found)
        """,
        "host",
    ),
    Attack("another's environment", "report(works(lambda: open('/proc/{pid}/environ', 'rb').read()))", "host"),
    Attack("another's memory", "report(works(lambda: open('/proc/{pid}/mem', 'rb')))", "host"),
    Attack("another's root folder", "report(works(lambda: os.listdir('/proc/{pid}/root/')))", "host"),
    Attack("another's open files", "report(works(lambda: os.listdir('/proc/{pid}/fd')))", "host"),
    Attack("trace another", "report(works(lambda: call({ptrace}, 16, {pid}, 0, 0)))", "host"),
    Attack(
        "read another's memory by a system call",
        """
        buffer = ctypes.create_string_buffer(8)
        class Vector(ctypes.Structure):
            _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
        here = Vector(ctypes.addressof(buffer), 8)
        report(works(lambda: call({process_vm_readv}, {pid}, ctypes.byref(here), 1, ctypes.byref(here), 1, 0)))
        """,
        "host",
    ),
    Attack(
        "end another",
        """
        for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
            works(lambda: os.kill({pid}, number))
        time.sleep(0.2)
        try:
            state = open("/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
        except OSError:
            state = "X"
        report(state in "XZT")
        """,
        "host",
    ),
    Attack("become root", "report(works(lambda: os.setuid(0)) and os.getuid() == 0 and os.geteuid() == 0)", "lifted"),
    Attack(
        "raise a limit",
        "import resource\nreport(works(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (900, 900))))",
        "lifted",
    ),
    Attack("a better priority", "report(works(lambda: os.setpriority(os.PRIO_PROCESS, 0, -10)))", "lifted"),
]
KERNEL = [
    syscall("mount", "b'none', b'/tmp', b'tmpfs', 0, 0"),
    syscall("umount2", "b'/nowhere', 2"),
    syscall("pivot_root", "b'/nowhere', b'/nowhere'"),
    syscall("chroot", "b'/tmp'"),
    syscall("unshare", "0x10000000", "a user namespace"),
    syscall("unshare", "0x00020000", "a mount namespace"),
    syscall("unshare", "0x40000000", "a network namespace"),
    syscall("setns", "0, 0"),
    syscall("fsopen", "b'tmpfs', 0"),
    syscall("open_tree", "-100, b'/', 1"),
    syscall("bpf", "0, 0, 0"),
    syscall("perf_event_open", "0, 0, -1, -1, 0"),
    syscall("add_key", "b'user', b'x', b'y', 1, -3", "a key in a keyring"),
    syscall("keyctl", "0, -3, 1", "a keyring"),
    syscall("personality", "0x0040000"),
    syscall("syslog", "3, ctypes.create_string_buffer(64), 64"),
    syscall("reboot", "0, 0, 0"),
    syscall("swapon", "b'/nowhere', 0"),
    syscall("sethostname", "b'x', 1"),
    syscall("acct", "b'/nowhere'"),
    syscall("open_by_handle_at", "-1, 0, 0"),
    syscall("quotactl", "0x800002, b'/nowhere', 0, 0"),
    Attack("a user namespace by clone", "report(works(lambda: call({clone}, 0x10000000 | 17, 0, 0, 0, 0)))", "lifted"),
    Attack(
        "a user namespace by clone3", "report(works(lambda: call(435, b'\\0\\0\\0\\x10' + bytes(84), 88)))", "lifted"
    ),
]
REACHING: dict[str, tuple[Attack, ...]] = {
    "files": tuple(FILES),
    "network": tuple(NETWORK),
    "processes": tuple(PROCESSES),
    "kernel": tuple(KERNEL),
}
