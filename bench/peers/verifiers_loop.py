"""The five-call tool loop in verifiers: ToolEnv against the mock endpoint. Runs in the peers' own environment.

python verifiers_loop.py URL EPISODES IN_FLIGHT
"""

import asyncio
import os
import sys

import verifiers as vf
from datasets import Dataset


def lookup(key: str) -> str:
    """Look up the value of a key.

    Args:
        key: which value
    """
    return f"value of {key}"


async def main(url: str, episodes: int, in_flight: int) -> None:
    os.environ["MOCK_KEY"] = "none"
    rows = [{"question": f"Add up the values, round {n}.", "answer": "10"} for n in range(episodes)]
    questions = Dataset.from_list(rows)
    env = vf.ToolEnv(tools=[lookup], max_turns=10, dataset=questions, rubric=vf.Rubric())
    client = vf.ClientConfig(api_base_url=url, api_key_var="MOCK_KEY")
    done = await env.evaluate(client, "mock", num_examples=episodes, max_concurrent=in_flight)
    assert len(done["outputs"]) == episodes


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
