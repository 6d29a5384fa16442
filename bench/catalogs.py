"""What the installed catalogues hold and what reading them costs: `python bench/catalogs.py [KIND:PATH …]`."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from pathlib import Path
from time import process_time

from tdscaling.evolution.catalogs.read import list_catalogs, load
from tdscaling.evolution.catalogs.record import Skips
from tdscaling.evolution.catalogs.source import parse_source
from tdscaling.evolution.catalogs.versions import without_versions

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ROOT / "build" / "catalogs"
LISTED = ROOT.parent / "shared" / "data" / "toucan_tools.json"


def given() -> list[str]:
    """The sources named on the command line, else those that are at hand."""
    found = [f"{kind}:{INSTALLED / kind}" for kind in ("openapi", "aws", "google") if (INSTALLED / kind).exists()]
    found += [f"toucan:{LISTED}"] if LISTED.exists() else []
    return sys.argv[1:] or found


def main() -> None:
    """Read everything in one process and print a table."""
    if not given():
        print("no catalogues: bash examples/catalogs/install.sh")
        return
    whole = list_catalogs(parse_source(text) for text in given())
    listing = without_versions(whole)
    thinned = process_time()
    skips = Skips(listing.skips)
    rows: dict[str, Counter[str]] = {document.source.kind: Counter() for document in whole.documents}
    for document in whole.documents:
        rows[document.source.kind]["documents"] += 1
    for document in listing.documents:
        row = rows[document.source.kind]
        reading = load(document)
        skips.merge(Skips(reading.skips))
        tools = [tool for service in reading.services for tool in service.tools]
        row.update(read=1, services=len(reading.services), tools=len(tools))
        row["replies"] += sum(tool.output_schema is not None for tool in tools)
    columns = ("documents", "read", "services", "tools", "replies")
    print("catalogue", *columns, sep="\t")
    for kind, row in rows.items():
        print(kind, *(row[column] for column in columns), sep="\t")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"CPU {process_time():.1f} s, of it listing and versions {thinned:.1f} s; peak {peak:.0f} MB")
    print("left out:", dict(sorted(skips.counts.items())))


if __name__ == "__main__":
    main()
