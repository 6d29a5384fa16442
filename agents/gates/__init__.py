"""The gates of a row: small pure functions from what was said and done to problems.

They judge the outcome: another road to the same state and the same facts is right. Begin reading at `all.py`.
"""
