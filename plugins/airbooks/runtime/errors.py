"""What can go wrong before or while a local run is up, in words for the person at the terminal."""

from __future__ import annotations


class SetupError(Exception):
    """Something outside this program must change first; the message says what. Ends the command with exit code 1."""
