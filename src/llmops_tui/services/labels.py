"""Labels: movable pointers at a version. A protected one asks for a passed gate, or a reason.

Applications read a prompt by its label, so moving one is a release. The gate is passed by a
finished run of the version on the held-out split whose verdict is `within` under the tolerance as
it stands now; the newest such run counts, so that nobody picks the luckiest.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.errors import ExitCode, InputError, LlmopsError
from llmops_tui.core.prompt_version import LabelMove, Prompt, PromptVersion
from llmops_tui.core.tolerance import State
from llmops_tui.services.projects import tolerance_of
from llmops_tui.services.run_words import rate_words
from llmops_tui.services.verdicts import GATE, verdict_of
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import endpoints, prompts, runs
from llmops_tui.store import labels as kept

PROTECTED_BY_DEFAULT = ("production",)


class GateError(LlmopsError):
    """A protected label was to be moved to a version that hasn't passed the gate."""

    exit_code = ExitCode.UNDECIDED


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate says of a version."""

    run_id: int | None
    """The newest finished run on the gate split; None where there is none."""
    passed: bool
    words: str
    """As a sentence."""


def protected_labels(workspace: Workspace, project_id: int) -> tuple[str, ...]:
    """Labels that only a version that passed the gate may take, by name."""
    said = kept.protections(workspace.db, project_id)
    default = [name for name in PROTECTED_BY_DEFAULT if name not in said]
    return tuple(sorted([*default, *(name for name, protected in said.items() if protected)]))


def protect(workspace: Workspace, project_id: int, label: str, protected: bool) -> None:
    """Say whether a label is protected.

    Raises:
        InputError: the label is no word.
    """
    kept.protect(workspace.db, project_id, one_word(label), protected, workspace.person)


def gate_of(workspace: Workspace, project_id: int, version: PromptVersion) -> Gate:
    """Whether a version has passed the gate under the project's tolerance, and in which run."""
    found = runs.newest_cells_on(workspace.db, version.id, GATE)
    if found is None:
        return Gate(None, False, f"No finished run of {version.title} on the gate split yet.")
    run_id, cells = found
    run = runs.get(workspace.db, run_id)
    tolerance = tolerance_of(workspace, project_id)
    verdicts = [(cell, verdict_of(workspace, run, cell, tolerance)) for cell in cells]
    within = [pair for pair in verdicts if pair[1].state is State.WITHIN]
    cell, verdict = (within or verdicts)[0]
    model = endpoints.model(workspace.db, cell.model_id).name
    rate = "no answer" if verdict.point is None else f"{rate_words(verdict)} wrong"
    return Gate(
        run_id,
        bool(within),
        f"Run {run_id} on the gate split says {verdict.state} of {version.title} on {model}: "
        f"{rate}.",
    )


def move(
    workspace: Workspace,
    version: PromptVersion,
    label: str,
    reason: str = "",
    *,
    override: bool = False,
) -> LabelMove:
    """Point a label at a version; the move is recorded with its grounds.

    Args:
        workspace: where.
        version: what the label is to point at.
        label: one word.
        reason: why, for the record.
        override: move a protected label although the gate isn't passed; needs a reason.

    Raises:
        InputError: the label is no word, or an override has no reason.
        GateError: the label is protected, the gate isn't passed, and nobody overrides.
    """
    label = one_word(label)
    project_id = prompts.get(workspace.db, version.prompt_id).project_id
    is_protected = label in protected_labels(workspace, project_id)
    gate = gate_of(workspace, project_id, version) if is_protected else None
    is_open = gate is None or gate.passed
    if gate is not None and not is_open:
        if not override:
            raise GateError(
                f"{label} is protected, and {version.title} hasn't passed the gate. {gate.words}",
                "Run it on the gate split, or override with a reason, which is recorded.",
            )
        if not reason.strip():
            raise InputError(
                f"{label} is protected: moving it past the gate needs a reason.",
                "Say why; it's kept with your name.",
            )
    kept.move(
        workspace.db,
        version,
        label,
        author=workspace.person,
        reason=reason.strip(),
        gate_run_id=gate.run_id if gate is not None and gate.passed else None,
        overridden=not is_open,
    )
    return kept.moves(workspace.db, version.prompt_id, limit=1)[0]


def history(workspace: Workspace, prompt: Prompt) -> list[LabelMove]:
    """Who moved which label where and on what grounds, newest first."""
    return kept.moves(workspace.db, prompt.id)


def grounds(move: LabelMove) -> str:
    """On what grounds a label was moved, in a few words."""
    if move.overridden:
        return "override"
    return f"gate run {move.gate_run_id}" if move.gate_run_id is not None else "unprotected"


def one_word(label: str) -> str:
    """The label without spaces around it.

    Raises:
        InputError: it's empty or has blanks.
    """
    label = label.strip()
    if not label or any(mark.isspace() for mark in label):
        raise InputError("A label is one word.", "Such as production or staging.")
    return label
