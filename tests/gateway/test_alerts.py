"""Alerts: they fire and end without flickering, and really reach whoever is to hear of them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from tests.calls_made import TRUNCATED, made, store
from tests.cli.test_commands import assert_error, command

from llmops_tui.core.alerts import AlertSpec, Channel, Signal
from llmops_tui.core.errors import InputError
from llmops_tui.gateway import alerting
from llmops_tui.services import alerts, projects, reviews
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import alerts as stored


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "w.db")
    projects.create_project(opened, "topics")
    yield opened
    opened.db.close()


class Inbox:
    """A mail server's and a web server's view of what was told."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.posts: list[dict] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        self.mails.append(envelope.content.decode())  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Inbox, str]]:
    found = Inbox()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posts.append(json.loads(body))
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with socket.socket() as free:  # the controller wants to know its port beforehand
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mail = Controller(found, hostname="127.0.0.1", port=port)
    mail.start()
    monkeypatch.setenv("LLMOPS_TUI_SMTP", f"127.0.0.1:{port}")
    web = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield found, f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    web.server_close()
    mail.stop()


def test_an_alert_ends_lower_than_it_begins() -> None:
    spec = AlertSpec(Signal.FLAGGED, 0.10)
    firing = False
    seen = []
    for value in (0.05, 0.11, 0.09, 0.085, 0.11, 0.07, 0.09, None):
        firing = spec.is_firing(value, before=firing)
        seen.append(firing)
    assert seen == [False, True, True, True, True, False, False, False]
    assert spec.is_firing(None, before=True), "what isn't known changes nothing"
    assert AlertSpec.from_json(spec.to_json()) == spec
    for wrong in (lambda: AlertSpec(Signal.ERRORS, 2.0), lambda: Channel.read("pigeon:coop")):
        with pytest.raises(InputError):
            wrong()


def test_it_is_told_by_mail_webhook_and_command_once_and_again_when_it_is_over(
    workspace: Workspace, inbox: tuple[Inbox, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, url = inbox
    monkeypatch.setenv("HOOK", f"{url}/hook")
    script = tmp_path / "tell"
    script.write_text(f'#!/bin/sh\necho "$ALERT_STATE $ALERT_TEXT" >> {tmp_path}/told\n')
    script.chmod(0o700)
    ways = f"webhook:env:HOOK webhook:{url}/broken email:ana@example.com command:{script}"
    spec = alerts.read_spec("flagged", "10%", "60", "", ways)
    projects.set_owner(workspace, 1, projects.Stage.MONITORING, "ana")
    alerts.add(workspace, 1, "many flags", spec)
    store(workspace.db, *(made(n) for n in range(18)))
    assert alerts.look(workspace) == []
    store(workspace.db, *(made(n, flags=[TRUNCATED]) for n in range(18, 24)))
    (event,) = alerts.look(workspace)
    said = "ALERT many flags: flagged is 25 % over 60 minutes, above 10 %. ana answers for it."
    assert event.sentence == said
    assert event.delivery.count("sent") == 3
    assert "FAILED (HTTPError" in event.delivery
    assert alerts.look(workspace) == [], "told once"
    assert [post["text"] for post in box.posts] == [said, said]
    assert box.posts[0]["state"] == "firing"
    mail = message_from_string(box.mails[0])
    assert mail.get_payload(decode=True).decode().strip() == said
    assert mail["To"] == "ana@example.com"
    assert mail["Date"]
    assert mail["Message-ID"]
    assert (tmp_path / "told").read_text() == f"firing {said}\n"
    store(workspace.db, *(made(n) for n in range(24, 100)))
    (over,) = alerts.look(workspace)
    assert not over.fired
    assert over.sentence.startswith("Over: many flags: flagged is 6 %")
    kept = workspace.path.read_bytes()
    assert f"{url}/hook".encode() not in kept, "a secret address stays where it was named"


@pytest.mark.parametrize("way", ["webhook:ftp://x", "webhook:http://", "email:nobody", "command:'"])
def test_a_channel_that_could_tell_nobody_is_refused_when_it_is_made(
    workspace: Workspace, way: str
) -> None:
    with pytest.raises(InputError):
        alerts.add(workspace, 1, "x", alerts.read_spec("flagged", "5%", channels=way))


def test_what_went_wrong_with_a_channel_is_said_in_words(workspace: Workspace) -> None:
    projects.set_owner(workspace, 1, projects.Stage.MONITORING, "ana")
    ways = "webhook:env:NOT_SET command:cat"
    rule = alerts.add(workspace, None, "x", alerts.read_spec("flagged", "5%", channels=ways))
    assert rule.owner == "ana", "of the only project"
    projects.create_project(workspace, "other")
    everywhere = alerts.add(workspace, None, "all", alerts.read_spec("silence", "5"))
    assert [one.id for one in alerts.view(workspace, 2).rules] == [everywhere.id]
    failing = replace(
        rule,
        spec=replace(
            rule.spec, channels=(*rule.spec.channels, Channel.read("command:ls /no/such/place"))
        ),
    )
    said = alerting.deliver(failing, "words", firing=True)
    assert "webhook: FAILED (NOT_SET is not set where this looks)" in said
    assert "command: sent" in said
    assert "command: FAILED (it ended with code 2: ls: " in said


@pytest.mark.parametrize(
    ("signal", "above", "value"),
    [("errors", "20%", 0.25), ("latency", "30", 38.0), ("cost", "1", 2.0), ("silence", "5", 0.0)],
)
def test_each_signal_says_what_it_measures(
    workspace: Workspace, signal: str, above: str, value: float
) -> None:
    rule = alerts.add(workspace, 1, signal, alerts.read_spec(signal, above))
    assert alerting.value_of(workspace.db, rule) in (None, 0.0), "no call yet"
    calls = [made(n, cost=50_000_000, status="error" if n < 10 else "ok") for n in range(40)]
    store(workspace.db, *calls)
    found = alerting.value_of(workspace.db, rule)
    assert found == pytest.approx(value, abs=0.1)


def test_wrong_answers_fire_when_they_are_certain(workspace: Workspace) -> None:
    rule = alerts.add(workspace, 1, "wrong", alerts.read_spec("wrong", "2%"))
    store(workspace.db, *(made(n, flags=[TRUNCATED]) for n in range(40)))
    assert alerting.value_of(workspace.db, rule) is None
    reviews.give(workspace, 1, "wrong")
    assert alerts.look(workspace)[0].fired, "one of forty is 2.5 %, and it is seen"
    lost = alerts.add(workspace, 1, "lost", alerts.read_spec("lost", "0"))
    assert alerting.value_of(workspace.db, lost) == 0


def test_two_that_look_at_once_tell_it_once(workspace: Workspace) -> None:
    rule = alerts.add(workspace, None, "x", AlertSpec(Signal.SILENCE, 1.0, channels=()))
    assert stored.take(workspace.db, rule.id, 10**15)
    assert not stored.take(workspace.db, rule.id, 0), "somebody has just looked"
    assert alerting.check(workspace.db, every_s=60) == []


def test_alerts_are_kept_tried_and_forgotten_from_the_command_line(
    workspace: Workspace, inbox: tuple[Inbox, str]
) -> None:
    box, url = inbox
    db = workspace.path
    made_one = command(
        "alerts", "add", "slow", "latency", "2000", "--tell", f"webhook:{url}", db=db
    )
    assert "Alert 1 watches" in made_one.stdout
    assert "2,000 ms" in command("alerts", "list", db=db).stdout
    tried = command("alerts", "test", "1", db=db)
    assert (tried.returncode, tried.stdout) == (0, "webhook: sent\n")
    assert box.posts[0]["text"].startswith("TRIAL of the alert slow")
    assert command("alerts", "check", db=db).returncode == 0
    assert_error(command("alerts", "add", "x", "flagged", "many", db=db), "many")
    mute = command("alerts", "add", "x", "flagged", "5%", "--tell", "email:nobody", db=db)
    assert_error(mute, "'nobody' is no mail address")
    assert "slow is forgotten" in command("alerts", "remove", "1", db=db).stdout
    assert json.loads(command("alerts", "list", "--json", db=db).stdout) == []
