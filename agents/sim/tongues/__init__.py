"""The simulated model's languages: phrases as tables, and how they are put together and taken apart."""
