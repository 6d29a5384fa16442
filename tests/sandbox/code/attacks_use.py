"""Attacks that use things up, stay behind, or talk to the sandbox itself."""

from __future__ import annotations

from tdscaling.tests.sandbox.code.attack import ANY, Attack
from tdscaling.tests.sandbox.code.conftest import SMALL

MIB = 2**20
MEMORY = [
    Attack("ten gigabytes at once", "import mmap\nreport(works(lambda: mmap.mmap(-1, 10 * 2**30)))", "lifted"),
    Attack(
        "memory piece by piece",
        f"""
        held = []
        for n in range(600):
            held.append(bytearray(b"x") * 2**20)
            if n * 2**20 == {SMALL.memory + 100 * MIB}:
                time.sleep(1.5)
                report(n)
        """,
        "lifted",
        most=SMALL.memory / MIB,
        shared=True,
    ),
    Attack(
        "memory by many processes",
        f"""
        children = []
        for n in range(8):
            pid = os.fork()
            if pid == 0:
                held = bytearray(b"x") * ({SMALL.memory + 100 * MIB} // 8)
                time.sleep(4)
                os._exit(7)
            children.append(pid)
        report(sum(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7 for pid in children))
        """,
        "lifted",
        most=7,
        shared=True,
    ),
    Attack(
        "shared memory",
        f"""
        import mmap
        held = mmap.mmap(-1, {SMALL.memory + 100 * MIB})
        for at in range(0, len(held), 4096):
            held[at] = 1
        time.sleep(1.5)
        report(len(held) >> 20)
        """,
        "lifted",
        most=SMALL.memory / MIB,
        shared=True,
    ),
    Attack(
        "memory files",
        f"""
        held = 0
        try:
            for n in range(60):
                file = os.memfd_create("m")
                for _ in range(2):
                    held += os.write(file, b"x" * (5 * 2**20))
        except OSError:
            pass
        if held > {SMALL.memory}:
            time.sleep(1.5)
        report(held >> 20)
        """,
        "lifted",
        most=SMALL.memory / MIB,
        shared=True,
    ),
]
PROCESSES = [
    Attack(
        "fork bomb",
        """
        made = 0
        try:
            while made < 150:
                if os.fork() == 0:
                    time.sleep(20)
                    os._exit(0)
                made += 1
        except OSError:
            pass
        report(made)
        """,
        "lifted",
        most=SMALL.processes + 16,
    ),
    Attack(
        "fork bomb of the shell",
        """
        os.system("f() { f | f & }; f")
        mine = 0
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                mine += os.stat("/proc/" + name).st_uid == os.getuid()
            except OSError:
                pass
        report(mine)
        """,
        "lifted",
        most=SMALL.processes + 16,
        bite="stays",
        deadline_s=2,
    ),
    Attack(
        "thread bomb",
        """
        made = 0
        stop = threading.Event()
        try:
            while made < 150:
                threading.Thread(target=stop.wait, daemon=True).start()
                made += 1
        except RuntimeError:
            pass
        stop.set()
        report(made)
        """,
        "lifted",
        most=SMALL.processes + 16,
    ),
    Attack(
        "open files",
        """
        held = []
        try:
            while len(held) < 500:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        got = len(held)
        for number in held:
            os.close(number)
        report(got)
        """,
        "lifted",
        most=SMALL.open_files,
    ),
]
DISK = [
    Attack(
        "a large file",
        """
        got = 0
        try:
            with open("big", "wb", buffering=0) as file:
                while got < 40:
                    got += file.write(b"x" * 2**20) / 2**20
        except OSError:
            pass
        os.unlink("big")
        report(got)
        """,
        "lifted",
        most=SMALL.file_size / MIB,
    ),
    Attack(
        "fill the disk",
        """
        got = 0
        try:
            for n in range(100):
                with open(f"fill{n}", "wb", buffering=0) as file:
                    for _ in range(11):
                        got += file.write(b"x" * 2**20) / 2**20
        except OSError:
            pass
        time.sleep(0.5)
        report(got)
        """,
        "lifted",
        most=700,
    ),
    Attack(
        "a million files",
        """
        got = 0
        try:
            while got < 120_000:
                open(f"empty{got}", "w").close()
                got += 1
        except OSError:
            pass
        report(got)
        """,
        "lifted",
        most=100_000,
        deadline_s=4,
    ),
    Attack(
        "a gigabyte of output",
        """
        got = 0
        try:
            while got < 60:
                got += os.write(1, b"x" * 2**20) / 2**20
        except OSError:
            pass
        report(got)
        """,
        "lifted",
        most=SMALL.file_size / MIB,
    ),
    Attack("a child's output", "report(os.system('head -c 60000000 /dev/zero') == 0)", "lifted"),
]
STAYING = [
    Attack(
        "a daemon that left its session",
        """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                os.execvp("sleep", ["sleep", "{nap}"])
            os._exit(0)
        """,
        "lifted",
        bite="stays",
    ),
    Attack("a loop", "while True: pass", "lifted", bite="hangs", deadline_s=0.5),
    Attack(
        "a loop that swallows the interrupt",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "lifted",
        bite="hangs",
        deadline_s=0.5,
    ),
    Attack("a loop in C", "2 ** (10 ** 10)", "lifted", bite="hangs", deadline_s=0.5),
    Attack("stops itself", "os.kill(os.getpid(), signal.SIGSTOP)", "lifted", bite="hangs", deadline_s=0.5),
    Attack("kills whom it can", "os.kill(-1, signal.SIGKILL)", "lifted", bite="kills"),
    Attack("closes every file", "os.closerange(0, 65536)\nos.fstat(100)", "lifted", bite="dies", deadline_s=2),
    Attack("a crash", "ctypes.string_at(0)", "lifted", bite="dies"),
]
TALKING = [
    Attack(
        "a reply in the session's place",
        """
        sent = 0
        for number in range(3, 128):
            try:
                sent += socket.socket(fileno=os.dup(number)).send(b"\\x00" * 37 + b"forged")
            except OSError:
                pass
        report(sent)
        """,
        "lifted",
        most=ANY,
        deadline_s=2,
    ),
    Attack(
        "a reply of four gigabytes",
        """
        sent = 0
        for number in range(3, 128):
            try:
                sent += socket.socket(fileno=os.dup(number)).send(b"\\xff" * 4096)
            except OSError:
                pass
        report(sent)
        """,
        "lifted",
        most=ANY,
        deadline_s=2,
    ),
    Attack(
        "the host's socket with a guessed nonce",
        """
        answered = False
        for n in range(50):
            link = socket.socket(socket.AF_UNIX)
            link.settimeout(0.3)
            try:
                link.connect("/run/tdscaling/socket")
                link.send(b"tds1" + b"%032d" % n)
                answered = answered or bool(link.recv(1))
            except OSError:
                pass
        report(answered)
        """,
        "lifted",
    ),
    Attack(
        "a flood of connections",
        """
        held = []
        for n in range(100):
            link = socket.socket(socket.AF_UNIX)
            link.setblocking(False)
            try:
                link.connect("/run/tdscaling/socket")
                held.append(link)
            except OSError:
                pass
        time.sleep(0.5)
        report(len(held))
        """,
        "lifted",
        most=ANY,
    ),
    Attack(
        "words for a terminal", "os.write(1, b'\\x1b]0;pwned\\x07\\x1b[2J\\x1b[31m\\n'); report(1)", "lifted", most=ANY
    ),
]
USING: dict[str, tuple[Attack, ...]] = {
    "memory": tuple(MEMORY),
    "many processes": tuple(PROCESSES),
    "disk": tuple(DISK),
    "staying": tuple(STAYING),
    "talking": tuple(TALKING),
}
