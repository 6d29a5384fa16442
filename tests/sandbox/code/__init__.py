"""Tests of the code tool: what cells may do, what they may not, and what is left of them."""
