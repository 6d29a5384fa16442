"""The version of a data set: a hash of what is in it, whatever the order."""

from __future__ import annotations

from hashlib import sha256


class Version:
    """Add every line, then read the text. 8 bytes are held per line."""

    def __init__(self) -> None:
        """Of nothing yet."""
        self._digests: list[bytes] = []

    def add(self, line: bytes) -> None:
        """A line without its end; the same line twice is two lines."""
        self._digests.append(sha256(line).digest()[:8])

    def text(self) -> str:
        """16 hex digits."""
        whole = sha256()
        for digest in sorted(self._digests):
            whole.update(digest)
        return whole.hexdigest()[:16]
