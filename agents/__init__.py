"""Who speaks: the blueprint, user, assistant and tool agents, the verifier, their prompts, and the simulated model."""
