"""The binary frames between the host and what runs inside of a sandbox: fixed headers, then bytes of known length.

Three kinds of connection carry them. The supervisor's control connection takes COMMANDs and gives EVENTs; a session's
own connection takes REQUESTs and gives REPLYs; each begins with a HELLO from inside. Nothing that a session can write
is ever decoded by more than `struct`.
"""

from __future__ import annotations

import struct

MAGIC = b"tds1"
HELLO = struct.Struct("!4s32s")
"""Magic, nonce: which connection of which sandbox this is. A nonce is good for one connection."""

COMMAND = struct.Struct("!BII32s")
"""Operation, number of the session, slot (whose user and folder), nonce of the session's connection."""
OPEN, INTERRUPT, KILL, WIPE = 1, 2, 3, 4

EVENT = struct.Struct("!BIi")
"""What happened, number of the session, status: a wait status for ENDED, an errno or 0 for the rest."""
ENDED, DONE = 1, 2

REQUEST = struct.Struct("!BIHI")
"""Operation, bytes of output to send back, length of the name, length of the body; name and body follow."""
PYTHON, SHELL, SQL, SCRIPT, READ, WRITE, FILES, PING = 1, 2, 3, 4, 5, 6, 7, 8

REPLY = struct.Struct("!BiQQIII")
"""Outcome, exit code, bytes written to stdout and to stderr, lengths of stdout, stderr and value as sent; they follow.

A stream longer than what was asked for comes as its first half and its last half.
"""
OK, ERROR, INTERRUPTED, REFUSED = 0, 1, 2, 3

CHANNEL = struct.Struct("!II")
"""Where one stream carries everything: the connection's number (0 is control), length; bytes follow. Length 0 ends."""
CHANNEL_PIECE = 65536
"""Most bytes of one piece on a channel."""
