"""`tdscaling clusters split`: clusters put aside for evaluation, so that no tool is both trained and tested on."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter, validators

from ..runtime.errors import OutputError

Share = Annotated[float, Parameter(validator=validators.Number(gte=0, lte=0.9))]


def split(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    out_dir: Path,
    providers: Share = 0.1,
    clusters: Share = 0.1,
    seed: int = 0,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        A file of clusters.
    out_dir
        A folder for train.jsonl, held_out_providers.jsonl, held_out_clusters.jsonl and split.json.
    providers
        Share of the clusters to hold out with whole providers.
    clusters
        Share of the clusters to hold out of the other providers.
    seed
        Which ones are taken.
    """
    from ..evolution.clusterfile.reading import parsed, raw_lines, read_clusters
    from ..evolution.clusterfile.splitting import PARTS, seen
    from ..evolution.clusterfile.splitting import split as divide

    found = divide([seen(line) for line in read_clusters(file)], providers=providers, held_out=clusters, seed=seed)
    kept = [part for part in PARTS if part != "left_out"]
    summary = {
        "seed": seed,
        "clusters": found.clusters,
        "tools": {part: found.tools[part] for part in kept},
        "held_out_providers": found.providers,
    }
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = {part: stack.enter_context((out_dir / f"{part}.jsonl").open("wb")) for part in kept}
            for raw in raw_lines(file):
                part = found.parts[parsed(file, raw).id]
                if part in files:
                    files[part].write(raw.data + b"\n")
        text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
        (out_dir / "split.json").write_bytes(text + b"\n")
    except OSError as error:
        raise OutputError(f"{out_dir}: cannot be written: {error.strerror}") from None
    counted = ", ".join(f"{count} {part.replace('_', ' ')}" for part, count in found.clusters.items())
    sys.stderr.write(f"tdscaling: {counted}; {len(found.providers)} providers held out\n")
    return 0
