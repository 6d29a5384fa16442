"""The built-in business services: typed functions over a small seeded world of records."""
