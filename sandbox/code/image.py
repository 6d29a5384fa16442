"""The image of the sandbox: Python, bash and the usual small programs, and nothing of ours.

It comes from a registry, or where there is none from Debian's packages (`debian.py`). Either way Python's modules are
compiled in it once: without that every container would compile what it imports, which takes longer than it lives.
"""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import aiodocker
import anyio.to_thread
from aiodocker.containers import DockerContainer
from aiodocker.exceptions import DockerError

from ...runtime.errors import ConfigError
from .debian import Root, root_filesystem
from .engine import TROUBLE, one_line

Source: TypeAlias = Literal["auto", "registry", "debian"]
NAME = "tdscaling-sandbox:latest"
BASE = "python:3.12-slim"
"""What is pulled from a registry unless told otherwise."""
CONTENTS = "tdscaling.sandbox.contents"
"""Label: what is in the image, the same for equal contents."""
RAW = "tdscaling-sandbox:raw"
PULL_S = 300.0
COMPILE_S = 120.0
COMPILE = (
    "import compileall, os, py_compile, sys, sysconfig; "
    "compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2, invalidation_mode="
    "py_compile.PycInvalidationMode.UNCHECKED_HASH); "
    "[os.makedirs(p, exist_ok=True) for p in ('/workspace', '/w', '/run/tdscaling')]; "
    "os.path.exists('/usr/bin/python3') or os.symlink(sys.executable, '/usr/bin/python3')"
)


async def contents_of(docker: aiodocker.Docker, image: str) -> str:
    """What is in an image. Raises ConfigError when the engine has no such image, DockerError, OSError, ClientError."""
    try:
        found: dict[str, Any] = await docker.images.inspect(image)
    except DockerError as error:
        if error.status == 404:
            raise ConfigError(f"code tool: the engine has no image {image}: run tdscaling sandbox build") from None
        raise
    labels = (found.get("Config") or {}).get("Labels") or {}
    return str(labels.get(CONTENTS) or found["Id"].removeprefix("sha256:")[:12])


async def build(
    docker: aiodocker.Docker,
    source: Source,
    *,
    name: str = NAME,
    base: str = BASE,
    data: bool = False,
    say: Callable[[str], None],
) -> str:
    """Make the image; returns what is in it.

    Args:
        docker: The engine.
        source: Where from; `auto` asks the registry first.
        name: Its name.
        base: The registry's image.
        data: With numpy and pandas; from Debian's packages only.
        say: Hears what is being done.

    Raises:
        ConfigError: it cannot be made; one line that says why.
    """
    try:
        contents = ""
        if source != "debian" and not data:
            contents = await _pull(docker, base, required=source == "registry", say=say)
        if not contents:
            say("unpacking Debian's packages")
            root = await anyio.to_thread.run_sync(root_filesystem, data)
            await _load(docker, root)
            contents = root.contents
            base = RAW
        say("compiling Python's modules")
        await _finish(docker, base, name, contents)
    except (DockerError, *TROUBLE) as error:
        raise ConfigError(f"sandbox build: {one_line(error)}") from None
    return contents


async def _pull(docker: aiodocker.Docker, base: str, *, required: bool, say: Callable[[str], None]) -> str:
    """The image's own digest, empty when there is no registry and none is required."""
    say(f"asking the registry for {base}")
    try:
        async with asyncio.timeout(PULL_S):
            pulled: Any = docker.images.pull(base)  # a stream or not, by an argument: checkers disagree on which
            await pulled
        found: dict[str, Any] = await docker.images.inspect(base)
    except (DockerError, *TROUBLE) as error:
        if required:
            raise ConfigError(f"sandbox build: {base} cannot be pulled: {one_line(error)}") from None
        say(f"no registry ({one_line(error)})")
        return ""
    return str(found["Id"]).removeprefix("sha256:")[:12]


async def _load(docker: aiodocker.Docker, root: Root) -> None:
    """Hand the filesystem to the engine as an image of one layer."""
    config = {
        "architecture": root.architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{root.digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [RAW], "Layers": ["layer.tar"]}]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, body in (("manifest.json", manifest), ("config.json", config)):
            _add(archive, path, json.dumps(body).encode())
        _add(archive, "layer.tar", root.layer)
    loaded: Any = docker.images.import_image(buffer.getvalue())
    await loaded


def _add(archive: tarfile.TarFile, path: str, data: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


async def _finish(docker: aiodocker.Docker, base: str, name: str, contents: str) -> None:
    """Compile in a container without network, and keep what that makes."""
    command: Sequence[str] = ["python3", "-c", COMPILE]
    config: dict[str, Any] = {
        "Image": base,
        "Entrypoint": [],
        "Cmd": command,
        "User": "0:0",
        "NetworkDisabled": True,
        "HostConfig": {"NetworkMode": "none", "LogConfig": {"Type": "none", "Config": {}}},
    }
    made: DockerContainer = await docker.containers.create(config)
    try:
        await made.start()
        async with asyncio.timeout(COMPILE_S):
            ended = await made.wait()
        if ended["StatusCode"] != 0:
            raise ConfigError(f"sandbox build: {base} has no Python 3 that can compile its modules")
        repository, _, tag = name.partition(":")
        changes = [f"LABEL {CONTENTS}={contents}", "CMD []", "ENTRYPOINT []"]
        await made.commit(repository=repository, tag=tag or "latest", changes=changes)
    finally:
        await made.delete(force=True, v=True)
