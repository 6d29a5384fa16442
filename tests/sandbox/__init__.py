"""Tests of the tools: services, external servers, worlds."""
