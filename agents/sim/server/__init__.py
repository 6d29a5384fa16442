"""The simulated model behind a socket: OpenAI's chat completions over HTTP, with latency, faults and counters."""
