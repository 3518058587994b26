"""Pointing a label at a version: which label, what the gate says, and asking by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Stage
from llmops_tui.core.prompt_version import Prompt, PromptVersion
from llmops_tui.services import labels
from llmops_tui.services.labels import Gate
from llmops_tui.services.prompts import VersionView
from llmops_tui.services.responsibility import who_answers_in
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required

if TYPE_CHECKING:
    from llmops_tui.ui.screens.base import Page


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which label, why, and the gate where the label is protected."""

    label: str
    reason: str
    gate: Gate | None


def point_label(
    page: Page[Any], prompt: Prompt, chosen: VersionView, versions: Sequence[VersionView]
) -> None:
    """Ask which label, look at the gate, then ask again by name."""
    version = chosen.version
    known = sorted({label for view in versions for label in view.version.labels})
    there_are = f"There are: {', '.join(known)}." if known else "Such as production or staging."

    def look(values: Values) -> _Wish:
        label, reason = values["label"], values["reason"]
        if label not in labels.protected_labels(page.workspace, prompt.project_id):
            return _Wish(label, reason, None)
        gate = labels.gate_of(page.workspace, prompt.project_id, version)
        if not gate.passed and not reason:
            raise InputError(
                f"{label} is protected. {gate.words}",
                "Run it on the gate split; or say why it goes there all the same, for the record.",
            )
        return _Wish(label, reason, gate)

    def looked(wish: _Wish | None) -> None:
        if wish is not None:
            _confirm(page, prompt, chosen, versions, wish)

    page.app.push_screen(
        FormScreen(
            f"Point a label at {version.title}",
            [
                Field("label", "Label", help=f"One word. {there_are}", check=_one_word),
                Field("reason", "Why", help="One line for the record, or none."),
            ],
            look,
        ),
        looked,
    )


def _confirm(
    page: Page[Any],
    prompt: Prompt,
    chosen: VersionView,
    versions: Sequence[VersionView],
    wish: _Wish,
) -> None:
    version, label = chosen.version, wish.label
    now = next((view for view in versions if label in view.version.labels), None)
    if now is not None and now.version.id == version.id:
        page.notify(f"{label} points at {version.title} already.")
        return
    moved = (
        f"It points at v{now.version.number} now (wrong: {now.wrong_words}). "
        if now
        else "It is a new label. "
    )
    is_override = wish.gate is not None and not wish.gate.passed
    gate = f"{wish.gate.words}\n" if wish.gate is not None else ""
    if is_override:
        gate += "It has NOT passed the gate: this is an override, recorded with your reason.\n"
    page.app.push_screen(
        ConfirmScreen(
            f"Point {label} at v{version.number}" + (" past the gate?" if is_override else "?"),
            f"{version.prompt_name}: {label} → v{version.number}",
            f"{moved}v{version.number} is measured so: {chosen.wrong_words}.\n{gate}"
            f"Whoever reads {version.prompt_name} by this label gets v{version.number} from "
            "then on. The move is recorded; the label can be moved back.",
        ),
        lambda yes: _move(page, prompt, version, wish, is_override) if yes else None,
    )


def _move(
    page: Page[Any], prompt: Prompt, version: PromptVersion, wish: _Wish, override: bool
) -> None:
    workspace = page.workspace

    def move() -> str:
        labels.move(workspace, version, wish.label, wish.reason, override=override)
        return who_answers_in(workspace, prompt.project_id, Stage.PROMPTING)

    def done(owner: str) -> None:
        page.notify(f"{wish.label} points at {version.title} now; {owner}.")
        page.reload_now()

    page.in_thread(move, done, group="label")


def _one_word(value: str) -> str | None:
    missing = required("A label")(value)
    if missing:
        return missing
    return "A label is one word." if any(mark.isspace() for mark in value) else None
