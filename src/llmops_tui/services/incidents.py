"""Incidents: production is beyond its tolerance; whose that is, what to do, what was done."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.call import Lane
from llmops_tui.core.errors import InputError, NotFoundError, StoreBusyError, StoreFullError
from llmops_tui.core.project import Stage
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.tolerance import State, Tolerance, percent
from llmops_tui.services import auditing, labels, projects, triage
from llmops_tui.services.triage import LiveEstimate
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import incidents as kept
from llmops_tui.store import prompts
from llmops_tui.store.incidents import Incident, IncidentEvent

__all__ = ["Incident", "IncidentEvent", "IncidentView", "RollBack"]

RELEASE = "production"


@dataclass(frozen=True, slots=True)
class RollBack:
    """A label that could go back to a version that was within the tolerance."""

    now: PromptVersion
    back: PromptVersion
    grounds: str
    """What says that it was within."""

    def sentence(self) -> str:
        """In words."""
        return (
            f"Move {RELEASE} of {self.now.prompt_name} from v{self.now.number} back to "
            f"v{self.back.number}: {self.grounds}"
        )


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with what may be done about it."""

    incident: Incident
    timeline: tuple[IncidentEvent, ...]
    live: LiveEstimate
    tolerance: Tolerance
    roll_backs: tuple[RollBack, ...]
    advice: tuple[str, ...]
    """What else helps, a sentence each."""
    audit_share: float
    """Of the unflagged calls, drawn for review."""

    @property
    def larger_audit(self) -> str:
        """What raising the audit would do, in words; empty where all are drawn."""
        if self.audit_share >= 1:
            return ""
        now, then = 100 * self.audit_share, 100 * auditing.larger(self.audit_share)
        return (
            f"Draw {then:.3g} % of the unflagged calls for the audit instead of {now:.3g} %, of "
            "those of the window as well: it is known sooner how wrong production is"
        )

    @property
    def is_over(self) -> bool:
        """Whether somebody closed it."""
        return self.incident.closed_at is not None


def look(
    workspace: Workspace, project_id: int, tolerance: Tolerance, live: LiveEstimate
) -> Incident | None:
    """Open an incident where production is certainly beyond the tolerance; the open one, if any.

    Only a bound that lies wholly above the tolerance opens one: an estimate that may still be
    within is a reason to judge more calls, not to roll back. Who only looks opens none.
    """
    found = kept.open_one(workspace.db, project_id)
    if found is not None or live.state is not State.EXCEEDED or workspace.db.read_only:
        return found
    owner = tolerance.owner or projects.owners(workspace, project_id).get(Stage.MONITORING, "")
    cause = f"Tolerance {percent(tolerance.max_wrong)} exceeded in production: {live.sentence}"
    try:
        return kept.begin(workspace.db, project_id, cause, owner, workspace.person)
    except (StoreBusyError, StoreFullError):
        return None  # the next look opens it


def view(workspace: Workspace, incident_id: int) -> IncidentView:
    """An incident with its timeline, how production stands now, and what may be done.

    Raises:
        NotFoundError: there is none of that id.
    """
    incident = kept.get(workspace.db, incident_id)
    tolerance = projects.tolerance_of(workspace, incident.project_id)
    live = triage.live_estimate(workspace, tolerance, incident.project_id)
    return IncidentView(
        incident,
        tuple(kept.timeline(workspace.db, incident_id)),
        live,
        tolerance,
        roll_backs(workspace, incident.project_id),
        tuple(_advice(workspace, incident.project_id, tolerance)),
        auditing.share(workspace, incident.project_id),
    )


def listed(workspace: Workspace, project_id: int) -> list[Incident]:
    """The project's incidents, newest first."""
    return kept.page(workspace.db, project_id)


def roll_backs(workspace: Workspace, project_id: int) -> tuple[RollBack, ...]:
    """For each released prompt the last version before it that passed the gate, where one did."""
    found = []
    for prompt in prompts.prompts(workspace.db, project_id):
        try:
            now = prompts.version_by_label(workspace.db, prompt.id, RELEASE)
        except NotFoundError:
            continue
        for version in prompts.versions(workspace.db, prompt.id):
            if version.number >= now.number:
                continue
            gate = labels.gate_of(workspace, project_id, version)
            if gate.passed:
                found.append(RollBack(now, version, gate.words))
                break
    return tuple(found)


def roll_back(workspace: Workspace, incident_id: int) -> str:
    """Move every label that can go back; what was done, in words.

    Raises:
        InputError: nothing can.
        GateError: a version doesn't pass the gate any more.
    """
    incident = kept.get(workspace.db, incident_id)
    proposed = roll_backs(workspace, incident.project_id)
    if not proposed:
        raise InputError(
            "No earlier version of a released prompt was within the tolerance.",
            "Run one on the gate split, or move the label by hand with a reason.",
        )
    done = []
    for item in proposed:
        labels.move(workspace, item.back, RELEASE, f"incident {incident_id}: rolled back")
        done.append(f"{item.now.prompt_name} v{item.now.number} → v{item.back.number}")
    sentence = f"{RELEASE} moved back: {', '.join(done)}."
    kept.add_event(workspace.db, incident_id, "rolled back", sentence, workspace.person)
    return sentence


def raise_audit(workspace: Workspace, incident_id: int) -> str:
    """Draw twice as many calls for the audit, also of those that are stored; in words.

    Raises:
        InputError: all are drawn already.
    """
    incident = kept.get(workspace.db, incident_id)
    share = auditing.larger(auditing.share(workspace, incident.project_id))
    sentence = auditing.raise_share(workspace, incident.project_id, share)
    kept.add_event(workspace.db, incident_id, "audit raised", sentence, workspace.person)
    return sentence


def note(workspace: Workspace, incident_id: int, text: str) -> None:
    """Write what somebody did or found into the timeline.

    Raises:
        NotFoundError: there is no such incident.
        InputError: the text is empty.
    """
    if not text.strip():
        raise InputError("A note needs a text.")
    incident = kept.get(workspace.db, incident_id)
    kept.add_event(workspace.db, incident.id, "note", text.strip(), workspace.person)


def close(workspace: Workspace, incident_id: int, text: str) -> None:
    """End an incident with what it came to.

    Raises:
        NotFoundError: there is no such incident.
        InputError: nobody says what it came to.
    """
    if not text.strip():
        raise InputError("Say what it came to: it stands in the timeline.")
    incident = kept.get(workspace.db, incident_id)
    kept.close(workspace.db, incident.id, text.strip(), workspace.person)


def _advice(workspace: Workspace, project_id: int, tolerance: Tolerance) -> list[str]:
    advice = []
    if tolerance.on_breach:
        advice.append(f"Agreed for this case: {tolerance.on_breach.rstrip('.')}.")
    waiting = triage.waiting(workspace, project_id)
    if waiting[Lane.FLAGGED]:
        advice.append(f"{waiting[Lane.FLAGGED]:,} flagged calls wait for a verdict: 6 opens them.")
    if waiting[Lane.AUDIT]:
        advice.append(
            f"{waiting[Lane.AUDIT]:,} calls drawn at random wait: they tell what the rules miss."
        )
    else:
        advice.append("Nothing waits in the audit.")
    return advice
