"""The simulated model: a stand-in that answers from the request alone, for trying, testing and measuring."""
