"""Models behind an OpenAI-compatible HTTP endpoint: one file per concern, `http.HttpModel` puts them together."""
