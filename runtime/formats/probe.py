"""Runs by itself in the environment of a trainer: renders chat templates and counts what its loaders make of a file.

`python probe.py JOB.json` prints one JSON object. Nothing of this package is imported, because that environment does
not have it; the job says everything:

    {"render": [{"name": …, "template": text or null, "tokenizer": name or null}], "conversations": path,
     "data": [paths], "loaders": ["datasets", …], "slowest": seconds}
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import signal
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SLOWEST = 20
"""Seconds for one conversation: a template may loop."""
PATIENCE = 3
"""Conversations that may take so long before a template is given up."""
LOADING = 1_200
"""Seconds for a loader over the whole file."""
KEPT = 5
"""Rows that are named of each problem."""

Json = Any


class Tally:
    """What became of the conversations under one template."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.rows = self.rendered = self.lost = 0
        self.problems: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        self.characters: list[int] = []
        self.tokens: list[int] = []

    def problem(self, reason: str, row: str) -> None:
        """Note a problem of a row."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        some = self.problems.setdefault(reason, [])
        if len(some) < KEPT:
            some.append(row)

    def report(self) -> Json:
        """As JSON."""
        return {
            "rows": self.rows,
            "rendered": self.rendered,
            "lost_messages": self.lost,
            "problems": [{"reason": r, "n": n, "rows": self.problems[r]} for r, n in self.counts.items()],
            "characters": _spread(self.characters),
            "tokens": _spread(self.tokens),
        }


def main(path: str) -> int:
    """Do the job and print its report."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    logging.disable(logging.WARNING)
    report: dict[str, Json] = {"templates": {}, "loaders": {}}
    for wanted in job["render"]:
        try:
            report["templates"][wanted["name"]] = _render(
                wanted, Path(job["conversations"]), job.get("slowest", SLOWEST)
            )
        except Exception as error:  # noqa: BLE001 -- a boundary: the report says what the environment could not do
            report["templates"][wanted["name"]] = {"unusable": _short(error)}
    for name in job["loaders"]:
        try:
            with _limit(LOADING):
                report["loaders"][name] = LOADERS[name](job)
        except ImportError as error:
            report["loaders"][name] = {"absent": _short(error)}
        except Exception as error:  # noqa: BLE001 -- a boundary: a loader that fails is a finding
            report["loaders"][name] = {"failed": _short(error)}
    sys.stdout.write(json.dumps(report))
    return 0


def _render(wanted: Json, conversations: Path, slowest: int) -> Json:
    tally, slow = Tally(), 0
    render = _renderer(wanted)
    for line in conversations.open(encoding="utf-8"):
        talk = json.loads(line)
        tally.rows += 1
        try:
            with _limit(slowest):
                text, tokens = render(talk["messages"], talk["tools"])
        except Exception as error:  # noqa: BLE001 -- templates raise whatever they like
            tally.problem(_short(error), talk["id"])
            slow += isinstance(error, TimeoutError)
            if slow == PATIENCE:
                tally.problem(
                    f"given up after {tally.rows} rows: {slow} of them took more than {slowest} s", talk["id"]
                )
                break
            continue
        tally.rendered += 1
        tally.characters.append(len(text))
        if tokens is not None:
            tally.tokens.append(tokens)
        if _twice(talk["messages"], text):
            tally.problem("arguments escaped twice: the template wants objects, see --arguments", talk["id"])
        lost = [role for role, part in _parts(talk["messages"]) if not _stands(part, text)]
        tally.lost += len(lost)
        for role in sorted(set(lost)):
            tally.problem(f"lost: {role}", talk["id"])
    return tally.report()


def _renderer(wanted: Json) -> Callable[[Json, Json], tuple[str, int | None]]:
    if wanted.get("tokenizer"):
        tokenizer = importlib.import_module("transformers").AutoTokenizer.from_pretrained(wanted["tokenizer"])
        if wanted.get("template"):
            tokenizer.chat_template = wanted["template"]

        def tokenized(messages: Json, tools: Json) -> tuple[str, int | None]:
            text = tokenizer.apply_chat_template(messages, tools=tools or None, tokenize=False)
            return text, len(tokenizer(text, add_special_tokens=False)["input_ids"])

        return tokenized
    engine = importlib.import_module("transformers.utils.chat_template_utils").render_jinja_template

    def plain(messages: Json, tools: Json) -> tuple[str, int | None]:
        names = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
        made = engine(conversations=[messages], tools=tools or None, chat_template=wanted["template"], **names)
        return (made[0] if isinstance(made, tuple) else made)[0], None

    return plain


class _limit:  # noqa: N801 -- used like a function
    """Ends what takes too long. Where there is no alarm (Windows), the caller's own limit has to do."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self.too_long)
            signal.alarm(self.seconds)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)

    def too_long(self, *_: object) -> None:
        """Raises TimeoutError."""
        raise TimeoutError(f"took more than {self.seconds} s")


def _parts(messages: Json) -> Iterator[tuple[str, str]]:
    """What must stand in the text: what is said, the names of calls and their plain arguments."""
    for said in messages:
        if (said.get("content") or "").strip():
            yield said["role"], said["content"].strip()
        for call in said.get("tool_calls") or ():
            function = call["function"]
            yield "call", function["name"]
            values = function["arguments"].values() if isinstance(function["arguments"], dict) else ()
            yield from (("argument", value) for value in values if isinstance(value, str) and value.strip())


def _twice(messages: Json, text: str) -> bool:
    """True where arguments that are a text were written as a text inside JSON."""
    for said in messages:
        for call in said.get("tool_calls") or ():
            arguments = call["function"]["arguments"]
            if isinstance(arguments, str) and '"' in arguments and arguments not in text:
                return any(json.dumps(arguments, ensure_ascii=plain) in text for plain in (True, False))
    return False


def _stands(part: str, text: str) -> bool:
    """In the text as it is, or as JSON escapes it, once or twice."""
    if part in text or part.strip() in text:
        return True
    for plain in (True, False):
        once = json.dumps(part, ensure_ascii=plain)[1:-1]
        if once in text or json.dumps(once, ensure_ascii=plain)[1:-1] in text:
            return True
    # Replies that are JSON may be written again with other spaces.
    return "".join(part.split()) in _squeezed(text)


def _squeezed(text: str) -> str:
    return "".join(text.split()).replace('\\"', '"')


def _spread(values: list[int]) -> Json:
    if not values:
        return None
    ranked = sorted(values)
    return {
        "total": sum(ranked),
        "mean": sum(ranked) / len(ranked),
        "median": ranked[len(ranked) // 2],
        "p95": ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))],
        "longest": ranked[-1],
    }


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _load(job: Json) -> Json:
    datasets = importlib.import_module("datasets")
    datasets.disable_progress_bars()
    kind = "parquet" if job["data"][0].endswith(".parquet") else "json"
    cache = str(Path(job["conversations"]).parent / "cache")
    return datasets.load_dataset(kind, data_files=job["data"], split="train", cache_dir=cache)


def _datasets(job: Json) -> Json:
    """Rows, and the leaves that came back otherwise than they went in: tables merge the keys of objects."""
    table = _load(job)
    changed = 0
    if not job["data"][0].endswith(".parquet"):
        for line, loaded in zip(_lines(job), table, strict=False):
            changed += json.loads(line) != loaded
    return {"rows": table.num_rows, "changed": changed}


def _llama_factory(job: Json) -> Json:
    """Rows that the converter does not skip: it says so only in a log, and leaves the prompt empty."""
    converter = _converter()
    attributes = types.SimpleNamespace(
        messages="conversations",
        system="system",
        tools="tools",
        images=None,
        videos=None,
        audios=None,
        kto_tag=None,
        ranking=False,
        role_tag="from",
        content_tag="value",
        user_tag="human",
        assistant_tag="gpt",
        observation_tag="observation",
        function_tag="function_call",
        system_tag="system",
    )
    convert = converter.SharegptDatasetConverter(attributes, None)
    converted = [convert(row) for row in _load(job)]
    return {"rows": sum(bool(row["_prompt"] and row["_response"]) for row in converted)}


def _converter() -> Json:
    """LLaMA-Factory's own module of converters, without what else its package imports (torch, peft)."""
    found = importlib.util.find_spec("llamafactory")
    if found is None or not found.submodule_search_locations:
        raise ImportError("llamafactory is not installed")
    root = Path(found.submodule_search_locations[0])
    for name, place in (("", root), (".data", root / "data"), (".extras", root / "extras")):
        package = types.ModuleType(f"llamafactory{name}")
        package.__path__ = [str(place)]
        sys.modules[f"llamafactory{name}"] = package
    constants = types.ModuleType("llamafactory.extras.constants")
    constants.__dict__["RUNNING_LOG"] = "running_log.txt"
    sys.modules["llamafactory.extras.constants"] = constants
    return importlib.import_module("llamafactory.data.converter")


def _openai(job: Json) -> Json:
    """Records whose messages and tools are what OpenAI's client declares."""
    chat = importlib.import_module("openai.types.chat")
    adapter = importlib.import_module("pydantic").TypeAdapter
    messages = adapter(types.GenericAlias(list, (chat.ChatCompletionMessageParam,)))
    tools = adapter(types.GenericAlias(list, (chat.ChatCompletionToolUnionParam,)))

    def validate(record: Json) -> None:
        _drained(messages.validate_python(record["messages"]))
        tools.validate_python(record["tools"])

    return _each(job, validate)


def _drained(messages: Json) -> None:
    for said in messages:  # calls are validated when they are iterated
        list(said.get("tool_calls") or ())


def _atif(job: Json) -> Json:
    """Records that the format's own model takes."""
    trajectory = importlib.import_module("atif").Trajectory
    return _each(job, trajectory.model_validate)


def _each(job: Json, validate: Callable[[Json], object]) -> Json:
    rows, problems = 0, []
    for number, line in enumerate(_lines(job), start=1):
        try:
            validate(json.loads(line))
            rows += 1
        except Exception as error:  # noqa: BLE001 -- a validator raises its own
            problems.append(f"record {number}: {_short(error)}")
    return {"rows": rows, "problems": problems[:KEPT]}


def _lines(job: Json) -> Iterator[str]:
    for path in job["data"]:
        with Path(path).open(encoding="utf-8") as stream:
            yield from (line for line in stream if line.strip())


LOADERS: dict[str, Callable[[Json], Json]] = {
    "datasets": _datasets,
    "llama-factory": _llama_factory,
    "openai": _openai,
    "atif": _atif,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
