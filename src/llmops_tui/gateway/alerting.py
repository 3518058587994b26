"""Looks at what alerts watch, and tells who is to hear of it. Behind ingestion, or from cron."""

from __future__ import annotations

import logging
import os
import shlex
import smtplib
import subprocess
import urllib.request
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import orjson

from llmops_tui.core.alerts import LEAST_CALLS, AlertSpec, Channel, ChannelKind, Signal, sentence
from llmops_tui.core.clock import now_ms
from llmops_tui.core.text import visible
from llmops_tui.store import alerts, calls, gateways, projects, removed
from llmops_tui.store.alerts import AlertEvent, AlertRule
from llmops_tui.store.database import Database

EVERY_S = 30.0
PATIENCE_S = 10.0
NANO = 1_000_000_000
CONFIDENCE = 0.95
MAIL_FROM = "LLMOPS_TUI_MAIL_FROM"
SMTP = "LLMOPS_TUI_SMTP"
"""`host:port`; `SMTP_USER` and `SMTP_PASSWORD` beside it where the server wants them."""

log = logging.getLogger("llmops_tui.gateway")


class _Failure(Exception):
    """A channel could not be told, in words that need no name of an exception."""


def check(db: Database, *, every_s: float = EVERY_S) -> list[AlertEvent]:
    """Look at each rule that nobody looked at lately; what began or ceased to fire, and was told.

    Several may call this at once: each rule is looked at by one of them.
    """
    told = []
    for rule in alerts.rules(db):
        if not rule.enabled or not alerts.take(db, rule.id, now_ms() - int(every_s * 1000)):
            continue
        value = value_of(db, rule)
        firing = rule.spec.is_firing(value, before=rule.firing)
        words = sentence(rule.name, rule.spec, value, rule.owner, firing=firing)
        event_id = alerts.set_state(db, rule, value, firing=firing, told=words)
        if event_id is not None:
            alerts.delivered(db, event_id, deliver(rule, words, firing=firing))
            told += alerts.events(db, event_id - 1, 1)
    return told


def value_of(db: Database, rule: AlertRule) -> float | None:
    """What a rule watches, at this moment; None where too little is known."""
    spec, project_id = rule.spec, rule.project_id
    since = now_ms() - spec.window_minutes * 60_000
    if spec.signal is Signal.SILENCE:
        newest = alerts.newest_call(db, project_id)
        return None if newest is None else (now_ms() - newest) / 60_000
    if spec.signal is Signal.LOST:
        return float(
            sum(s.counts.get("lost", 0) for s in gateways.states(db) if s.seen_at >= since)
        )
    if spec.signal is Signal.WRONG:
        return _wrong_at_least(db, since, project_id)
    by_time = spec.signal is Signal.LATENCY
    if by_time:  # of removed calls no times are known
        since = max(since, removed.complete_from(db, project_id))
    counts = alerts.window(db, since, project_id, stored_only=by_time)
    if spec.signal is Signal.COST:
        return counts.cost / NANO
    if counts.calls < LEAST_CALLS:
        return None
    if by_time:
        rest = int(0.05 * (counts.calls - counts.errors))
        return alerts.slower_than_all_but(db, since, project_id, rest)
    return (counts.flagged if spec.signal is Signal.FLAGGED else counts.errors) / counts.calls


def deliver(rule: AlertRule, words: str, *, firing: bool) -> str:
    """Tell on every channel; what became of each, in a line. One that fails stops no other."""
    outcomes = []
    for channel in rule.spec.channels:
        if channel.kind is ChannelKind.APP:
            continue  # open apps see the event in the file
        try:
            _SENDERS[channel.kind](_target(channel), rule, words, firing)
            outcomes.append(f"{channel.kind}: sent")
        except Exception as error:
            log.warning("alert %s could not be told by %s", rule.id, channel.kind, exc_info=error)
            own = "" if isinstance(error, _Failure) else f"{type(error).__name__}: "
            outcomes.append(f"{channel.kind}: FAILED ({own}{error})")
    return visible("; ".join(outcomes), newlines=False)[:500]


def _wrong_at_least(db: Database, since: int, project_id: int | None) -> float | None:
    """The lower bound of the share of wrong answers, from both lanes."""
    from llmops_tui.core.tolerance.lanes import LaneCounts, two_lanes  # loads SciPy

    found = calls.lanes(db, since, project_id)
    if found.flagged_reviewed + found.audited == 0:
        return None
    counts = LaneCounts(
        calls=found.calls,
        flagged=found.flagged,
        flagged_reviewed=found.flagged_reviewed,
        flagged_wrong=found.flagged_wrong,
        audited=found.audited,
        audited_wrong=found.audited_wrong,
    )
    tolerance = projects.tolerance(db, project_id) if project_id is not None else None
    return two_lanes(counts, tolerance.confidence if tolerance else CONFIDENCE).lower


def _target(channel: Channel) -> str:
    if channel.target.startswith("env:"):
        name = channel.target.removeprefix("env:")
        if not os.environ.get(name):
            raise _Failure(f"{name} is not set where this looks")
        return os.environ[name]
    return channel.target


def _post(url: str, rule: AlertRule, words: str, firing: bool) -> None:
    body = {
        "text": words,
        "alert": rule.name,
        "state": "firing" if firing else "resolved",
        "signal": rule.spec.signal.value,
        "owner": rule.owner,
    }
    if not url.startswith(("http://", "https://")):
        raise _Failure("a webhook is an http address")
    request = urllib.request.Request(
        url, orjson.dumps(body), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
        reply.read(4096)


def _run(command: str, rule: AlertRule, words: str, firing: bool) -> None:
    told: Mapping[str, str] = {
        "ALERT_TEXT": words,
        "ALERT_NAME": rule.name,
        "ALERT_STATE": "firing" if firing else "resolved",
        "ALERT_OWNER": rule.owner,
    }
    done = subprocess.run(
        shlex.split(command),
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _Failure(f"it ended with code {done.returncode}{f': {said}' if said else ''}")


def _mail(address: str, rule: AlertRule, words: str, firing: bool) -> None:
    host, _, port = os.environ.get(SMTP, "127.0.0.1:25").rpartition(":")
    message = EmailMessage()
    message["Subject"] = " ".join(words.split())[:120]
    message["From"] = os.environ.get(MAIL_FROM, "llmops-tui@localhost")
    message["To"] = address
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="llmops-tui.invalid")
    message.set_content(words)
    with smtplib.SMTP(host, int(port), timeout=PATIENCE_S) as server:
        user = os.environ.get("SMTP_USER")
        if user:
            server.starttls()
            server.login(user, os.environ.get("SMTP_PASSWORD", ""))
        server.send_message(message)


_SENDERS = {
    ChannelKind.WEBHOOK: _post,
    ChannelKind.COMMAND: _run,
    ChannelKind.EMAIL: _mail,
}

__all__ = ["EVERY_S", "AlertSpec", "check", "deliver", "value_of"]
