"""The five-call tool loop in Inspect AI: a ReAct-like generate loop with one tool. Runs in the peers' own environment.

python inspect_loop.py URL EPISODES IN_FLIGHT
"""

import sys
import tempfile

import inspect_ai
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import Tool, tool


@tool
def lookup() -> Tool:
    async def execute(key: str) -> str:
        """Look up the value of a key.

        Args:
            key: which value
        """
        return f"value of {key}"

    return execute


def main(url: str, episodes: int, in_flight: int) -> None:
    samples = [Sample(input=f"Add up the values, round {n}.", target="10") for n in range(episodes)]
    task = Task(dataset=samples, solver=[use_tools(lookup()), generate(tool_calls="loop")])
    with tempfile.TemporaryDirectory() as logs:
        (log,) = inspect_ai.eval(
            task,
            model="openai-api/mock/mock",
            model_base_url=url,
            model_args={"api_key": "none"},
            max_connections=in_flight,
            max_samples=in_flight,
            display="none",
            log_dir=logs,
            score=False,
        )
        assert log.status == "success", log.error


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
