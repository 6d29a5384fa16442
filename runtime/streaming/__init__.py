"""Accepted rows over a socket, to any number of consumers, each at its own pace: docs/streaming.md is the protocol."""
