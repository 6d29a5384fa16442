"""The command line as a whole: the commands with their help, and how arguments reach one of them.

Commands are registered by import path and loaded when they are called: `--version` and `show` start without the
agents, the services and the MCP client.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import cast

from cyclopts import App, CycloptsError, Parameter

from ..runtime.errors import ConfigError

HELP = """Synthesise verified, diverse multi-turn tool-use trajectories.

Rows go to stdout as JSON lines (or to --out FILE), everything else to stderr."""

EPILOGUE = """\
Exit codes
  0  done                            4  a tool server cannot be used
  1  internal error; a check failed  5  rows cannot be written
  2  wrong setting or flag           6  the input file cannot be used
  3  --count was not reached         7  a model endpoint cannot be used
                                     130 interrupted, 143 terminated"""

RUN_HELP = (
    "Synthesise trajectories.\n\n"
    "Accepted rows go to stdout or --out FILE. A run directory keeps the settings, journal-*.jsonl (everything that "
    "happened), rejected.jsonl (with reasons), timings.jsonl, summary.json and run.log.\n\n"
    "Settings: command line, then --config FILE.yaml, then environment (TDSCALING_COUNT, ...), then defaults. Keys of "
    "the file are the long names of the flags. Equal settings and seeds give equal rows, whatever --concurrency is."
)

PILOT_HELP = """Try a run with fifty rows, and say what a big one would take.

Takes the flags of `tdscaling run`. Yield by mode and tools, tokens, cost and time up to --target-rows, each with a 95 %
interval. Rows stay in the run directory."""

SHOW_HELP = """Show a trajectory as a dialogue.

Works on accepted rows and on the rejected.jsonl of a run directory."""

DOCTOR_HELP = """Check this machine, or with --base-url an endpoint.

Exit code 0 when nothing failed, 1 otherwise; a warning is no failure."""

SERVE_MODEL_HELP = """Serve the simulated model as an OpenAI-compatible endpoint.

For trying, testing and measuring. The first line on stdout is its base URL; GET /stats beside /v1 gives counters. It
runs until Ctrl-C or SIGTERM, then exits with 0."""

VERIFY_HELP = """Execute recorded trajectories again and judge them anew.

One line out for every line in, in order. What a row says of itself (verdict, measurements, digests) is not read.

Files of others (OpenAI messages, Toucan, tau2-bench and BFCL results, ShareGPT) go through every check that needs no
world to run again in; --json says of each check whether it passed, failed or did not apply."""

SERVE_TOOLS_HELP = """Serve built-in services, or the code tool, as an MCP server.

On stdio, or with --http on loopback, where the first line on stdout is the URL. Each session has a world of its own.
It runs until stdin ends, or with --http until Ctrl-C or SIGTERM, then exits with 0."""

TOOLS_LIST_HELP = "Show the tools of an MCP server's manifest or of a built-in service."

TOOLS_CALL_HELP = """Call one tool on a fresh world.

Exit code 1 when the tool answers with an error, 4 when its server fails."""

TOOLS_CHECK_HELP = """Diagnose an MCP server: one line per check.

Start, listing, schemas, outputs, equal answers of two fresh worlds, leaked paths, unmarked errors. Only tools that
change nothing are called. Exit code 4 when a check failed; a warning is no failure."""

STATS_HELP = """Measure the diversity of data sets.

Entropies of domains, reasoning modes and shapes of tool use, complexity, coverage. docs/diversity.md says what each
figure means and what it does not show. Rejected rows of ours are left out."""

PROMPTS_SHOW_HELP = """Show the texts that the agents speak from.

Their names with their placeholders, the text of one, or with --prompts DIR what the folder changes."""

PROMPTS_EXPORT_HELP = """Write the prompts as files, for a run with --prompts.

Files that are missing from the folder keep their built-in text, so only the changed ones need to stay there."""

CLUSTERS_BUILD_HELP = """Make clusters of the tools of real services.

Catalogues are read, tools that hand each other values are grouped, and what runs on the entity store is kept. The same
catalogues give the same file, whatever --workers is."""

CLUSTERS_SELECT_HELP = """Select few clusters that cover much.

Tools, then edges and entities of the file, by lazy greedy maximum coverage; --quota bounds the share of a provider."""

CLUSTERS_STATS_HELP = """Count what a file of clusters holds.

Clusters, services, providers, tools, edges, labels, sizes, modes, licences. With --check also whether it is sound."""

CLUSTERS_SHOW_HELP = "Show one cluster: its tools in the order of the plan, and what hands what to whom."

CLUSTERS_SPLIT_HELP = """Hold clusters out for evaluation.

Whole providers, and groups of clusters of the others; no tool and no edge stands in two of the files. Clusters that
would join two of them are left out."""

FUNNEL_HELP = """Show how far the episodes of a run came.

From drafted to accepted, with the reasons of the others and ids of examples, and acceptance by mode, number of goals,
tools and perturbation. --compare RUN2 says which differences between two runs are more than chance."""

PROFILE_HELP = """Show where the time of a run went.

Percentiles per stage and role, slot occupancy, loop lag, pauses of the garbage collector, distributions, a timeline.
--goodput ttft:300 e2el:5000 counts the requests that kept to bounds. docs/profiling.md says what each figure means."""

SANDBOX_BUILD_HELP = """Make the image of the Docker sandbox.

From a registry, or where there is none from Debian's packages; nothing of it runs outside of a container."""

SANDBOX_LIST_HELP = """List the sandbox's containers on this engine, with the process that owns each.

An owner is this, alive, dead, or unknown: of another boot or machine."""

SANDBOX_SWEEP_HELP = "Remove the containers whose owner is proved dead."

RECOVER_HELP = """Save what can be read of a damaged run into a new run directory.

Every whole row that finished is taken over. `tdscaling run --run NEW --resume always`, with the settings of the run,
then commits them in order and plays only what is missing."""

RUNS_HELP = """List the runs in a folder, the newest last.

running: a process is at work in it. complete: it reached --count. stopped: by a signal. ended: it gave up. killed: its
process is gone without a word. All but the first can be resumed."""

TAIL_HELP = """Follow the rows of a run that listens, or read those of a run directory.

Rows go to stdout as JSON lines. A connection that breaks is made again, and goes on where it broke: no row is missing
and none comes twice, also when the run is killed and resumed. docs/streaming.md has the protocol."""

EXPORT_HELP = """Write rows in the format of a trainer.

To a folder with a data set card, or to one file. Rejected rows stay behind, rows of benchmarks and of the simulated
model are refused; every row that does not leave is counted with its reason. docs/formats.md has the formats."""

IMPORT_HELP = """Read rows back from the formats that export writes.

Records that carry our metadata become rows again; others become lines with id, messages and tools."""

CHECK_HELP = """Check that a trainer will read an exported file, all of it.

Records, order, linkage of calls, weights; rows that survive the loaders themselves; with --chat-template every row
through the template engine of transformers. Exit code 1 where something is wrong. --python names an environment that
has the loaders, for instance the one that examples/loaders/install.sh makes."""

SPLIT_HELP = """Hold rows out for evaluation, without leakage.

Whole providers, clusters or blueprints. Rows that would join the sides, also by their first words, are left out and
kept apart. split.json keeps the version of each part, a hash of its rows."""

DIFF_HELP = """Compare two data sets of ours.

Which rows were added, removed and changed, and how the counts by mode, domain and verdict moved."""

PRESENT_HELP = """Give accepted rows other faces: other tools beside, other names, order and system prompt.

No model is asked; every face is judged anew and written to stdout. What was said and answered stays as it was."""

REPORT_HELP = """Make a page of a run, or of a file of rows.

One HTML file with funnel, diversity curves, latency and a reader for every trajectory. It asks for no network, and
nothing that stands in a row can run in it. docs/report.md says what it shows."""

VIEW_HELP = """Show a run in the browser, also while it goes on.

The page of `tdscaling report`, served on loopback; the first line on stdout is its address. It runs until Ctrl-C or
SIGTERM, then exits with 0."""

REVIEW_HELP = """Have a person check the verdicts of a run.

RUN --out SHEET.csv draws accepted and rejected rows evenly over modes and tools, with their dialogues in SHEET.md.
--read SHEET.csv compares what was marked with the verdicts."""

CONFIG_HELP = """Print the settings that a run would have, as YAML for --config.

Takes the flags of `tdscaling run`."""


def make_app() -> App:
    """The commands; calling the result parses, runs, and returns the command's exit code."""
    app = App(
        name="tdscaling",
        help=HELP,
        help_format="plaintext",
        help_epilogue=EPILOGUE,
        version=lambda: version("tdscaling"),
        # One flag may take several values (`--mcp A B`), may be repeated, and lists have no `--empty-…` twin.
        default_parameter=Parameter(consume_multiple=True, negative_iterable=(), show_default=_shown),
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
    )
    package = __package__
    app.command(f"{package}.run:run", help=RUN_HELP, sort_key=1)
    app.command(f"{package}.pilot:pilot", help=PILOT_HELP, sort_key=1)
    app.command(f"{package}.show:show", help=SHOW_HELP, sort_key=2)
    app.command(f"{package}.doctor:doctor", help=DOCTOR_HELP, sort_key=3)
    app.command(f"{package}.serve_model:serve_model", name="serve-model", help=SERVE_MODEL_HELP, sort_key=4)
    app.command(f"{package}.serve_tools:serve_tools", name="serve-tools", help=SERVE_TOOLS_HELP, sort_key=4)
    tools = App(
        name="tools", help="Look at, call and check the tools of a server.", help_format="plaintext", sort_key=3
    )
    tools.command(f"{package}.tools_list:list_tools", name="list", help=TOOLS_LIST_HELP, sort_key=1)
    tools.command(f"{package}.tools_call:call_tool", name="call", help=TOOLS_CALL_HELP, sort_key=2)
    tools.command(f"{package}.tools_check:check_tools", name="check", help=TOOLS_CHECK_HELP, sort_key=3)
    app.command(tools)
    boxes = App(name="sandbox", help="Prepare and look after Docker's sandboxes.", help_format="plaintext", sort_key=4)
    boxes.command(f"{package}.sandbox:build", name="build", help=SANDBOX_BUILD_HELP, sort_key=1)
    boxes.command(f"{package}.sandbox:show", name="list", help=SANDBOX_LIST_HELP, sort_key=2)
    boxes.command(f"{package}.sandbox:sweep", name="sweep", help=SANDBOX_SWEEP_HELP, sort_key=3)
    app.command(boxes)
    app.command(f"{package}.verify:verify", help=VERIFY_HELP, sort_key=2)
    app.command(f"{package}.stats:stats", help=STATS_HELP, sort_key=2)
    app.command(f"{package}.funnel:funnel", help=FUNNEL_HELP, sort_key=2)
    app.command(f"{package}.profile:profile", help=PROFILE_HELP, sort_key=2)
    app.command(f"{package}.export:export", help=EXPORT_HELP, sort_key=2)
    app.command(f"{package}.present:present", help=PRESENT_HELP, sort_key=2)
    app.command(f"{package}.import_rows:import_rows", name="import", help=IMPORT_HELP, sort_key=2)
    app.command(f"{package}.check:check", help=CHECK_HELP, sort_key=2)
    app.command(f"{package}.split:split", help=SPLIT_HELP, sort_key=2)
    app.command(f"{package}.diff:diff", help=DIFF_HELP, sort_key=2)
    app.command(f"{package}.report:report", help=REPORT_HELP, sort_key=2)
    app.command(f"{package}.view:view", help=VIEW_HELP, sort_key=2)
    app.command(f"{package}.review:review", help=REVIEW_HELP, sort_key=2)
    app.command(f"{package}.runs:runs", help=RUNS_HELP, sort_key=2)
    app.command(f"{package}.tail:tail", help=TAIL_HELP, sort_key=2)
    app.command(f"{package}.recover:recover", help=RECOVER_HELP, sort_key=5)
    texts = App(name="prompts", help="Look at the prompts, and change them.", help_format="plaintext", sort_key=5)
    texts.command(f"{package}.prompts_show:show_prompts", name="show", help=PROMPTS_SHOW_HELP, sort_key=1)
    texts.command(f"{package}.prompts_export:export_prompts", name="export", help=PROMPTS_EXPORT_HELP, sort_key=2)
    app.command(texts)
    clusters = App(
        name="clusters", help="Build, select, look at and split files of clusters.", help_format="plaintext", sort_key=3
    )
    clusters.command(f"{package}.clusters_build:build", help=CLUSTERS_BUILD_HELP, sort_key=1)
    clusters.command(f"{package}.clusters_select:select", help=CLUSTERS_SELECT_HELP, sort_key=2)
    clusters.command(f"{package}.clusters_stats:stats", help=CLUSTERS_STATS_HELP, sort_key=3)
    clusters.command(f"{package}.clusters_show:show", help=CLUSTERS_SHOW_HELP, sort_key=4)
    clusters.command(f"{package}.clusters_split:split", help=CLUSTERS_SPLIT_HELP, sort_key=5)
    app.command(clusters)
    settings = App(name="config", help="Look at the settings.", help_format="plaintext", sort_key=5)
    settings.command(f"{package}.config_show:show", name="show", help=CONFIG_HELP)
    app.command(settings)
    return app


def dispatch(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name; returns its exit code.

    Raises:
        ConfigError: the arguments name no command, an unknown flag, or an impossible value.
        UserError: whatever else the command cannot do for the person.
    """
    try:
        code: object = make_app()(list(arguments))
    except CycloptsError as error:
        raise ConfigError(" ".join(str(error).split())) from None
    return code if isinstance(code, int) else 0


def _shown(default: object) -> str | None:
    """How a default stands in the help; None for what is simply absent."""
    if isinstance(default, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", default))) or None
    return None if default is None or default is False else str(default)
