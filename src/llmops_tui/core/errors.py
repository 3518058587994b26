"""The product's error hierarchy: what a person reads, and the exit code a script gets."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line, documented in the README."""

    WITHIN = 0
    """Done; for a test run: the wrong rate is within the tolerance."""
    EXCEEDED = 1
    """The test run's wrong rate exceeds the tolerance."""
    USAGE = 2
    """The command line could not be understood (click's own)."""
    UNDECIDED = 3
    """The test run could not be decided."""
    FAILED = 4
    """The command could not do its work."""


class LlmopsError(Exception):
    """Something went wrong that a person can do something about.

    `str(error)` is one sentence that says what happened; `hint` one that says what to do next.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(LlmopsError):
    """What the user handed in (a file, a value, a name) can't be used as it is."""


class NotFoundError(LlmopsError):
    """A thing was named that the workspace doesn't hold."""


class StoreError(LlmopsError):
    """The workspace file can't be used."""


class NotADatabaseError(StoreError):
    """The file is no SQLite database, or one of another program."""


class NewerSchemaError(StoreError):
    """The file was written by a newer version of the program."""


class StoreBusyError(StoreError):
    """Another process kept the file locked for longer than we wait."""


class StoreFullError(StoreError):
    """The disk is full or the file may not grow or be written."""


class ConflictError(StoreError):
    """Somebody else changed the thing in the meantime."""


class TemplateError(LlmopsError):
    """A prompt template can't be parsed or rendered."""


class UnavailableError(LlmopsError):
    """An optional part (an extra, the embedded model) isn't installed."""
