"""What a session may do: fit for an SSH forced command, which lets somebody in for one thing."""

from __future__ import annotations

from enum import StrEnum

from llmops_tui.core.errors import LlmopsError


class Role(StrEnum):
    """From everything to looking on."""

    OWNER = "owner"
    """Everything: who has the file has this anyway."""
    REVIEWER = "reviewer"
    """Looks at everything and judges production calls."""
    VIEWER = "viewer"
    """Looks at everything and changes nothing."""


class RoleError(LlmopsError):
    """The session's role doesn't allow it."""

    def __init__(self, role: Role, what: str) -> None:
        may = "look and judge calls" if role is Role.REVIEWER else "only look"
        super().__init__(
            f"This session may {may}: {what} is not among that.",
            "Whoever set it up (--role) can say who may.",
        )
