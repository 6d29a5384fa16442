"""tdscaling synthesises verified, diverse multi-turn tool-use trajectories for training code agents.

The checkout is the package: `runtime` moves messages, `agents` speak, `evolution` decides what to ask for next,
`sandbox` holds the tools, `cli` holds the commands, and `__main__` wires them.
"""
