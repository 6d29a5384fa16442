"""How messages move: records, bus, supervisor, committer, model protocol, journal, sinks, telemetry, settings."""
