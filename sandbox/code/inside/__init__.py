"""What runs inside of a sandbox: the standard library only, Python 3.9 or newer, no import from outside this folder.

The host sends these modules along as text (see `bundle.py`), so that an image holds nothing of ours.
"""
