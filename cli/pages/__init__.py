"""Pages for a browser: a report as one file, the same served while a run goes on, and the diversity panel.

Python counts and packs (`survey.py`, `columns.py`, `shelf.py`), `page.py` puts the parts into one document, and the
scripts of `web/` draw it. `report.py`, `view.py` and `stats.py` above are the commands.
"""
