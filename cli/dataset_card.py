"""The card of an exported data set: README.md as data set hubs read it, and dataset_info.json for LLaMA-Factory."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml

from ..runtime.errors import InputError, OutputError
from ..runtime.formats import FORMATS
from .safe import safe

if TYPE_CHECKING:
    from ..evolution.panel import Panel
    from ..runtime.formats.exporting import Counts, Options
    from ..runtime.funnel import Funnel

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SHOWN = (
    "count seed model user_model blueprint_model models services mcp tools clusters policy budget lag perturbations "
    "perturbed counterfactuals attempts_per_blueprint mistakes prompts target"
).split()
"""Settings that a reader wants to know; none of them says where something lay."""
PATHS = ("mcp", "tools", "clusters", "prompts", "target")
"""Settings that are paths: only the last part is shown."""

FIELDS: dict[str, str] = {
    "openai": "`messages`, `tools` in OpenAI's form (`arguments` is a text, `weight` 0 marks context)",
    "trl": "`messages` (`arguments` is an object), `tools` (JSON text)",
    "llama-factory": "`conversations`, `system`, `tools` (JSON text); `dataset_info.json` names the columns",
    "sharegpt": "`conversations` (one entry per call and per reply), `tools` (JSON text)",
    "hermes": "`conversations` with tagged calls and replies, `tools` (JSON text)",
    "verl": "`messages` (`arguments` is an object), `tools` (objects), `enable_thinking`",
    "atif": "`steps` with `tool_calls` and `observation`, `agent.tool_definitions`",
    "toucan": "`messages`, `available_tools` (JSON texts), `question`, `target_tools`",
    "sts": "one file per session: a header line, then one line per message",
    "parquet": "`messages`, `tools` and every part of the row as JSON texts; `mode`, `domain`, `sector`, `cluster`",
}


@dataclass(frozen=True)
class Story:
    """What a run directory says of how rows were made."""

    settings: dict[str, object]
    funnel: Funnel


def read_run(run: Path) -> Story:
    """Raises InputError when the directory holds no run."""
    from ..runtime.ends import read_ends
    from ..runtime.funnel import funnel

    try:
        found: object = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{run}: no settings of a run can be read there: {error}") from None
    settings = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    return Story({key: _shown(key, settings[key]) for key in SHOWN if settings.get(key)}, funnel(read_ends(run)))


def write_card(
    folder: Path, name: str, files: tuple[str, ...], options: Options, counts: Counts, story: Story | None
) -> None:
    """Write README.md, and for LLaMA-Factory dataset_info.json. Raises OutputError."""
    panel = None if "-" in files else _panel(files)
    parts = [_front_matter(options, counts), _head(name, options, counts), _schema(options), _counts(counts)]
    if panel is not None:
        parts.append(_diversity(panel))
    if story is not None:
        parts.append(_story(story))
    parts.append(_licences(counts))
    try:
        (folder / "README.md").write_text("\n".join(parts), encoding="utf-8")
        if options.form == "llama-factory":
            info = {name: _factory_info(preferences=options.preferences)}
            (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None


def _front_matter(options: Options, counts: Counts) -> str:
    sizes = ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "n>1M"]
    tags = ["synthetic", "tool-use", "function-calling", "agent", "tdscaling"]
    if counts.simulated:
        tags.append("simulated")
    if options.form == "sts":
        tags.append("agent-traces")
    files = "data/*.jsonl" if options.form == "sts" else "data/train-*"
    front = {
        "license": "other",
        "license_name": "see-licences-below",
        "task_categories": ["text-generation"],
        "tags": tags,
        "size_categories": [sizes[sum(counts.records >= size for size in SIZES)]],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": files}]}],
    }
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n"


def _head(name: str, options: Options, counts: Counts) -> str:
    what = "preference pairs of tool-use conversations" if options.preferences else "multi-turn tool-use conversations"
    warning = (
        f"> **Simulated.** {counts.simulated:,} of {counts.exported:,} rows were made by a stand-in without weights, "
        "to try the tools with. They are not training data.\n\n"
        if counts.simulated
        else ""
    )
    models = ", ".join(f"{safe(model)} ({n:,} rows)" for model, n in counts.models.most_common(10))
    return (
        f"# {safe(name)}\n\n{warning}{counts.records:,} {what}, synthesised with tdscaling. Every row was accepted by "
        "gates on its outcome: calls are valid under their schemas, the final state equals that of a proved plan, "
        "recorded replies equal those of a second run.\n\n"
        f"- Version: `{counts.version.text()}`, a hash of the records, whatever their order\n"
        f"- Format: {options.form}; reasoning: {options.reasoning}; plans: "
        f"{'taken along' if options.blueprints else 'left out'}\n- Assistant: {models}\n"
    )


def _schema(options: Options) -> str:
    losses = FORMATS[options.form].losses if options.form in FORMATS else ()
    lost = f" Not seen by a reader of this format: {'; '.join(losses)}." if losses else ""
    meta = " `metadata` holds the rest of the row as a JSON text." if options.metadata else ""
    return f"## Fields\n\n{FIELDS[options.form]}.{lost}{meta if options.form != 'parquet' else ''}\n"


def _counts(counts: Counts) -> str:
    lines = [("rows read", counts.rows), ("rows exported", counts.exported), ("records", counts.records)]
    lines += [(f"left out: {reason}", n) for reason, n in sorted(counts.left.items()) if n]
    if counts.unmasked:
        lines.append(("rows with failed calls that the format cannot mark as context", counts.unmasked))
    return "## Counts\n\n| what | n |\n|---|---|\n" + "".join(f"| {what} | {n:,} |\n" for what, n in lines)


def _panel(files: tuple[str, ...]) -> Panel | None:
    """The diversity of the accepted rows; None where there are none."""
    from ..evolution.event import Event
    from ..evolution.panel import panel
    from ..evolution.reading import read

    events: list[Event] = []
    for file in files:
        with Path(file).open("rb") as stream:
            try:
                events += read(file, stream, structural=False).events
            except InputError:
                continue  # a file of rejected rows: preference pairs need them, the panel does not
    return panel("exported", events, rule="plan") if events else None


def _diversity(seen: Panel) -> str:
    figures = {
        "domains": f"{seen.domains}",
        "domain entropy, bits": "-" if seen.domain_entropy_bits is None else f"{seen.domain_entropy_bits:.2f}",
        "clusters of tools": f"{seen.clusters}",
        "reasoning modes, entropy of at most 3.58 bits": f"{seen.rme12_bits:.2f}",
        "distinct shapes of tool use": f"{seen.signatures:.0f}",
        "action complexity, mean": f"{seen.cac_mean:.2f}",
        "calls per row, mean": f"{seen.calls_mean:.2f}",
        "user turns per row, mean": f"{seen.user_turns_mean:.2f}",
    }
    modes = ", ".join(f"{mode} {n:,}" for mode, n in seen.modes.items())
    body = "".join(f"| {what} | {figure} |\n" for what, figure in figures.items())
    return (
        f"## Diversity\n\nOf the {seen.n:,} accepted rows.\n\n| figure | value |\n|---|---|\n{body}\nModes: {modes}.\n"
    )


def _story(story: Story) -> str:
    settings = yaml.safe_dump(story.settings, sort_keys=False, allow_unicode=True)
    stages = "".join(f"| {stage} | {n:,} |\n" for stage, n in story.funnel.reached.items())
    causes = Counter({cause.reason: cause.n for cause in story.funnel.causes}).most_common(8)
    reasons = f"\nMost frequent reasons: {', '.join(f'{reason} ×{n}' for reason, n in causes)}.\n" if causes else ""
    return f"## How it was made\n\n```yaml\n{settings}```\n\n| stage | episodes |\n|---|---|\n{stages}{reasons}"


def _licences(counts: Counts) -> str:
    lines = "".join(f"| {safe(text)} | {n:,} |\n" for text, n in counts.tools.most_common(40))
    return (
        "## Licences\n\nThe conversations quote tool schemas of these sources. What models wrote is under the terms "
        f"of the models named above.\n\n| source and licence of the tools | rows |\n|---|---|\n{lines}"
    )


def _factory_info(*, preferences: bool) -> dict[str, object]:
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    tags = {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "function_tag": "function_call",
        "observation_tag": "observation",
    }
    info: dict[str, object] = {"file_name": "data/train-00000-of-00001.jsonl", "formatting": "sharegpt"}
    if preferences:
        info["ranking"] = True
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    return info | {"columns": columns, "tags": tags}


def _shown(key: str, value: object) -> object:
    if key not in PATHS:
        return value
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    return [Path(str(path)).name for path in listed]
