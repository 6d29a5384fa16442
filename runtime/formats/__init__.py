"""The formats of others, one file each, and the table of them."""

from __future__ import annotations

from .atif import Atif
from .form import Format
from .hermes import Hermes
from .llama_factory import LlamaFactory
from .openai import OpenAI
from .sharegpt import ShareGpt
from .sts import Sts
from .toucan import Toucan
from .trl import Trl
from .verl import Verl

_ALL: tuple[Format, ...] = (OpenAI(), Trl(), LlamaFactory(), ShareGpt(), Hermes(), Verl(), Atif(), Toucan(), Sts())
FORMATS: dict[str, Format] = {form.name: form for form in _ALL}
"""{name: format} of those that are lines of JSON."""
PARQUET = "parquet"
"""The one that is a table; see `parquet.py`."""
NAMES: tuple[str, ...] = (*FORMATS, PARQUET)
