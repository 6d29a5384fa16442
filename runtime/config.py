"""The settings of a run: where they come from, which are allowed, and which of them change the rows.

    command line  >  --config FILE.yaml  >  environment (TDSCALING_COUNT, …)  >  defaults

A file's keys are the long names of the flags, with `_` or `-` between words. A list may be written as a comma
separated text. Paths are taken from the current directory, wherever they were written. Whatever is wrong with a
setting becomes one line that names the source and the key.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, cast

from cyclopts import Parameter
from pydantic import BeforeValidator, Field, JsonValue, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .assignment import PERTURBATIONS, Perturbation
from .config_sources import ENV_PREFIX, describe, read_settings, refuse_unknown_variables
from .errors import ConfigError
from .limits import Limits
from .llm.settings import ModelSettings
from .llm.spec import Client
from .presentation import LANGUAGES, NAMINGS, Language, Naming

ALL_SERVICES = ("all",)
ALL_PERTURBATIONS = ("all",)
ALL_LANGUAGES = ("all",)


def _not_a_switch(value: object) -> object:
    """YAML's `count: yes` is True, which would pass for the number 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 -- pydantic reports ValueError only
    return value


def _split(value: object) -> object:
    """`a, b` as a list, from a file or the environment."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _split_each(value: object) -> object:
    """`a,b` inside a list too, because that is how names are given after a flag."""
    parts = _split(value)
    if not isinstance(parts, Sequence):
        return parts
    names: list[object] = []
    for part in cast("Sequence[object]", parts):
        split = _split(part)
        names.extend(cast("list[str]", split) if isinstance(split, list) else [split])
    return names


def _known(names: tuple[str, ...], known: Sequence[str], noun: str) -> tuple[str, ...]:
    """The names. Raises ValueError for one that is not known, and where there is none."""
    if not names:
        raise ValueError(f"names no {noun}; there are {', '.join(known)}")
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"unknown {noun} {name!r}: {hint}")
    return names


BackendName: TypeAlias = Literal["bubblewrap", "docker"]
Policy: TypeAlias = Literal["pace", "prior", "uniform", "inverse"]
Resume: TypeAlias = Literal["never", "always", "if-possible"]
Number = BeforeValidator(_not_a_switch)
Count: TypeAlias = Annotated[int, Number, Field(ge=1)]
Seconds: TypeAlias = Annotated[float, Number, Field(ge=0, allow_inf_nan=False)]
Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_each)]
Paths: TypeAlias = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split)]


class RunConfig(BaseSettings):
    """Every setting of `tdscaling run`. The docstring under a field is its help text."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    count: Count = 100
    """Accepted rows wanted: the lowest-indexed ones."""
    attempts: Count | None = None
    """Most episodes to try; no bound when absent."""
    concurrency: Count = 64
    """Most episodes in flight, at most half of --lag. Does not change the rows."""
    lag: Count = 512
    """An episode is drawn from what was known this many episodes earlier. Changes the rows."""
    seed: Annotated[int, Number] = 0
    """Root of all randomness: equal settings and seeds give equal rows."""
    model: str = "sim"
    """Who plays the roles: a name, or a weighted pool name=3,other=1. `sim` is the built-in stand-in for testing."""
    user_model: str | None = None
    """Who plays the user; --model when absent."""
    blueprint_model: str | None = None
    """Who drafts the plans; --model when absent."""
    judge_model: str | None = None
    """Who reads the rows that every rule accepts, and votes on them by a rubric; nobody when absent."""
    judge_votes: Annotated[int, Number, Field(ge=1, le=15)] = 3
    """Votes per row with --judge-model; a majority accepts."""
    base_url: Names = ()
    """OpenAI-compatible endpoint, for instance http://127.0.0.1:8000/v1; several are replicas. Keys: OPENAI_API_KEY."""
    models: Annotated[dict[str, ModelSettings], NoDecode, Parameter(parse=False)] = {}
    """Only in a file: endpoints, sampling and prices per model name."""
    client: Client = "http"
    """What carries requests: our own HTTP client, OpenAI's SDK, or the SDK as Azure wants it."""
    stream: bool = False
    """Have replies streamed, to measure the time to the first token."""
    logprobs: Annotated[int, Number, Field(ge=0, le=20)] | None = None
    """Ask for log probabilities with so many alternatives; implies --keep-raw."""
    keep_raw: bool = False
    """Keep every reply of an endpoint as it came, in raw.jsonl."""
    budget_requests: Count | None = None
    """End the run after this many model requests."""
    budget_tokens: Count | None = None
    """End the run after this many prompt and completion tokens."""
    budget_cost: Annotated[float, Number, Field(gt=0, allow_inf_nan=False)] | None = None
    """End the run when it has cost this much, by the prices in the file."""
    services: Names = ALL_SERVICES
    """Built-in services by name, or `all`. With --mcp, --tools, --clusters or --code, none."""
    mcp: Paths = ()
    """Manifests of external MCP servers, see examples/mcp."""
    tools: Paths = ()
    """Saved lists of tools (tools/list or OpenAI form), played on the entity store, see docs/entity-store.md."""
    clusters: Paths = ()
    """Files of clusters (tdscaling clusters build), played on the entity store, see docs/clusters.md."""
    code: bool = False
    """Code tasks in a sandbox, alone or beside the tools named; see docs/code-tasks.md."""
    backend: BackendName | None = None
    """What contains the code of --code: bubblewrap (the default on Linux) or docker."""
    out: str = "-"
    """Where accepted rows go: a file, or - for stdout."""
    overwrite: bool = False
    """Replace the file given with --out when it already holds something."""
    listen: str | None = None
    """Also serve accepted rows at unix:PATH, tcp:HOST:PORT or tls:HOST:PORT, see docs/streaming.md."""
    listen_token_env: str | None = None
    """Environment variable with the token that consumers of --listen must give."""
    listen_cert: Path | None = None
    """For tls: a PEM file with certificate and key."""
    listen_ca: Path | None = None
    """For tls: a PEM file with who signs the certificates that consumers must show."""
    linger: Seconds = 5.0
    """Seconds that a finished run waits for a consumer of --listen that takes nothing."""
    run: Path | None = None
    """Run directory; a new one under runs/ when absent."""
    resume: Resume = "never"
    """Whether to go on with the run in --run: never, always, or if there is one."""
    request_cache: Path | None = None
    """A folder that keeps model replies by what was asked, so that nothing is asked twice; see docs/reliability.md."""
    min_free: Annotated[int, Number, Field(ge=0)] = 64
    """Megabytes of disk below which no new episode begins."""
    summary: Path | None = None
    """Also write the summary (JSON) here."""
    profile: bool = True
    """Measure where the time goes, for the summary and for `tdscaling profile`; see docs/profiling.md."""
    trace: Path | None = None
    """Also write a trace of some episodes here, for Perfetto or chrome://tracing."""
    trace_every: Count = 10
    """With --trace: episodes of which one gets a track."""
    metrics: Annotated[int, Number, Field(ge=0, le=65535)] | None = None
    """Serve metrics for Prometheus on this port of loopback while the run goes on; 0 takes a free one."""
    policy: Policy = "pace"
    """What decides what is synthesised next: see docs/diversity.md."""
    budget: Annotated[float, Number, Field(ge=0.5, le=1, allow_inf_nan=False)] = 0.9
    """With pace: cost per accepted row, relative to what equal shares of all clusters would cost. 1 saves nothing."""
    prompts: Path | None = None
    """A folder of prompt texts in place of the built-in ones, see docs/prompts.md."""
    contamination: Paths = ()
    """Files of benchmarks (JSON, JSON lines or text) that no row may repeat, see docs/quality.md."""
    target: Path | None = None
    """A YAML file with wanted weights of sectors, domains, modes and numbers of goals."""
    perturbations: Names = ALL_PERTURBATIONS
    """What may go otherwise than the user thought, by name, or all, or none; see docs/perturbations.md."""
    perturbed: Annotated[float, Number, Field(ge=0, le=1, allow_inf_nan=False)] = 0.35
    """Share of the episodes with a perturbation, where their tools can carry one."""
    presentation: Literal["plain", "varied"] = "varied"
    """How tasks look: varied tool lists, names, system prompts, replies and users, or always the same."""
    languages: Names = ALL_LANGUAGES
    """What users write in: en, de, fr, es, it, pt, nl, or all; with --presentation varied, see docs/presentation.md."""
    namings: Names = ("own", "camel", "pascal", "kebab", "namespaced")
    """How tools may be called; also `dotted`, which not every endpoint takes. With --presentation varied."""
    counterfactuals: Annotated[float, Number, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    """Share of the episodes that get a second row with one thing changed; such rows come beside --count."""
    attempts_per_blueprint: Annotated[int, Number, Field(ge=1, le=64)] = 1
    """How often each plan is played: the first accepted play is the row, the others go to alternatives.jsonl."""
    deadline: Seconds = 300.0
    """Seconds one episode may take, restarts included; times --attempts-per-blueprint."""
    max_restarts: Annotated[int, Number, Field(ge=0)] = 2
    """How often a failing endpoint or server may restart an episode before it is abandoned."""
    patience: Count = 300
    """Give up after this many episodes in a row without an accepted row."""
    breaker: Count = 12
    """Give up after this many episodes in a row lost to servers or endpoints."""
    grace: Seconds = 10.0
    """Seconds that episodes in flight may go on after Ctrl-C or SIGTERM."""
    max_servers: Count = 8
    """Most MCP server processes at one time, per manifest; with --mcp, no more episodes are in flight."""
    mistakes: Annotated[float, Number, Field(ge=0, le=10, allow_inf_nan=False)] = 1.0
    """Factor on the simulated model's documented error rates; 0 switches its errors off."""
    loop: Literal["uvloop", "asyncio"] = "uvloop"
    """Event loop; asyncio is also what runs where uvloop is not installed."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe event that goes to run.log in the run directory."""
    quiet: bool = False
    """No progress and no closing summary on stderr; warnings and errors still appear."""
    config: Path | None = None
    """A YAML file with settings."""

    def __init__(self, **given: object) -> None:
        """Settings from the given flags over the file, the environment and the defaults.

        Raises:
            ConfigError: one of the sources cannot be read, or holds an unknown key or an impossible value.
        """
        try:
            super().__init__(**given)  # type: ignore[arg-type]  # the base class names its own options before the fields
        except ValidationError as error:
            raise ConfigError(describe(error, given, type(self).model_fields)) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The precedence. The file's own name comes from the command line or the environment."""
        del dotenv_settings, file_secret_settings
        refuse_unknown_variables(os.environ, settings_cls.model_fields)
        path = init_settings().get("config") or env_settings().get("config")
        file = read_settings(Path(path), settings_cls.model_fields) if path else {}
        return init_settings, InitSettingsSource(settings_cls, init_kwargs=dict(file)), env_settings

    @model_validator(mode="before")
    @classmethod
    def _only_the_given_servers(cls, data: dict[str, object]) -> dict[str, object]:
        """Manifests alone mean their tools alone, so that external tools can be tried without the built-in ones."""
        code = str(data.get("code")).lower() in ("true", "1", "yes", "on")
        alone = "services" not in data and (code or any(map(data.get, ("mcp", "tools", "clusters"))))
        return {**data, "services": ()} if alone else data

    @field_validator("perturbations")
    @classmethod
    def _known_perturbations(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) > 1 and {"all", "none"} & {*names}:
            raise ValueError("all and none stand alone")
        for name in names:
            if name not in ("all", "none", *PERTURBATIONS):
                near = difflib.get_close_matches(name, PERTURBATIONS, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PERTURBATIONS)}"
                raise ValueError(f"unknown perturbation {name!r}: {hint}")
        return names

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return names if names == ALL_LANGUAGES else _known(names, LANGUAGES, "language")

    @field_validator("namings")
    @classmethod
    def _known_namings(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names, NAMINGS, "naming")

    @model_validator(mode="after")
    def _some_tools(self) -> RunConfig:
        if self.backend and not self.code:
            raise ValueError("backend says where code runs, and there is none without code")
        if not (self.services or self.mcp or self.tools or self.clusters or self.code):
            raise ValueError(
                "services names no service, mcp no manifest, tools no list, clusters no file: there are no tools to use"
            )
        return self

    def limits(self) -> Limits:
        """The bounds of the run. Raises ConfigError when they do not fit together."""
        return Limits(
            count=self.count,
            attempts=self.attempts,
            plays=self.attempts_per_blueprint,
            concurrency=self.concurrency,
            lag=self.lag,
            deadline=self.deadline * self.attempts_per_blueprint,
            max_restarts=self.max_restarts,
            patience=self.patience,
            breaker=self.breaker,
            grace=self.grace,
        ).check()

    def wanted_perturbations(self) -> tuple[Perturbation, ...]:
        """The perturbations that may be drawn, in their fixed order."""
        names = PERTURBATIONS if self.perturbations == ALL_PERTURBATIONS else self.perturbations
        return tuple(name for name in PERTURBATIONS if name in names)

    def wanted_languages(self) -> tuple[Language, ...]:
        """The languages that users may write in, in their fixed order."""
        return LANGUAGES if self.languages == ALL_LANGUAGES else tuple(n for n in LANGUAGES if n in self.languages)

    def wanted_namings(self) -> tuple[Naming, ...]:
        """The ways in which tools may be called, in their fixed order."""
        return tuple(naming for naming in NAMINGS if naming in self.namings)

    def semantic(self) -> dict[str, JsonValue]:
        """The settings that change what a row at a given index and seed says.

        Count, paths, concurrency, deadlines and the like are left out; so is the seed, which stands beside the digest
        in every id; so are services and manifests, because the catalogue that they lead to is what counts.
        """
        roles = {"user_model": self.user_model, "blueprint_model": self.blueprint_model}
        sampling: dict[str, JsonValue] = {name: entry.semantic() for name, entry in self.models.items()}
        return {
            "lag": self.lag,
            "model": self.model,
            "mistakes": self.mistakes,
            "perturbations": [*self.wanted_perturbations()],
            "perturbed": self.perturbed,
            "presentation": self.presentation
            if self.presentation == "plain"
            else [[*self.wanted_languages()], [*self.wanted_namings()]],
            "counterfactuals": self.counterfactuals,
            "attempts_per_blueprint": self.attempts_per_blueprint,
            **{role: name for role, name in roles.items() if name is not None},
            **({"judge": [self.judge_model, self.judge_votes]} if self.judge_model else {}),
            **({"models": sampling} if any(sampling.values()) else {}),
        }

    def digest(self, **parts: JsonValue) -> str:
        """sha256 over `semantic()` and the parts given (catalogue, prompts, policy), 16 hex digits."""
        text = json.dumps({"settings": self.semantic(), **parts}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def public(self) -> dict[str, JsonValue]:
        """Every setting as JSON values, free of secrets: no setting holds one (keys come from the environment)."""
        return self.model_dump(mode="json")
