"""Production calls as they arrive: the tail follows, pauses, filters, and opens a call whole."""

from __future__ import annotations

import http.server
import threading

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.ui.driving import enter, footer, press, settle, shown, until

from llmops_tui.core.call import CallFlag
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.services import alerts, calls, figures, flag_rules, projects, triage
from llmops_tui.services.calls import CallFilter, CallLine
from llmops_tui.services.figures import Quantiles
from llmops_tui.services.gateway import trouble
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import gateways
from llmops_tui.store.database import Database
from llmops_tui.store.gateways import GatewayState
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.screens.monitor.figures_page import spark
from llmops_tui.ui.screens.monitor.summary import summary_line
from llmops_tui.ui.screens.monitor.tail_table import TailTable
from llmops_tui.ui.widgets.text_pane import TextPane

SMALL = (80, 24)
LARGE = (200, 60)
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202eevil [bold]not bold[/bold] \x9b2J"


def table(app: LlmopsApp) -> TailTable:
    return app.screen.query_one(TailTable)


def listed(app: LlmopsApp) -> list[int]:
    """Ids of the rows held, from the top."""
    tail = table(app)
    rows = [tail.row_at(index) for index in range(tail.count)]
    return [row.id for row in rows if isinstance(row, CallLine)]


def pane_text(app: LlmopsApp, name: str) -> str:
    return "\n".join(
        f"{s.heading}\n{s.text}" for s in app.screen.query_one(name, TextPane).sections
    )


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What a gateway would answer; no test asks the real port."""
    answers = [False]
    monkeypatch.setattr(calls, "gateway_answers", lambda: answers[0])
    return answers


async def test_without_a_call_it_says_how_to_send_some(
    workspace: Workspace, project: Project, app: LlmopsApp, gateway: list[bool]
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5")
        screen = shown(app)
        assert "No production call yet." in screen
        assert "No gateway answers at http://127.0.0.1:4318" in screen
        assert "OPENAI_BASE_URL=http://127.0.0.1:4318/v1" in screen
        assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in screen
        assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only" in screen
        assert "C shows this again" in screen
        assert "llmops-tui --db" in screen
        gateway[0] = True
        await press(pilot, "f5")
        assert "A gateway answers at http://127.0.0.1:4318" in shown(app)
        # One that writes here says where it is: that is where applications have to be sent.
        gateways.seen(workspace.db, "g", 1, "http://127.0.0.1:5999", 1, {})
        await press(pilot, "f5")
        assert "A gateway is at work here at http://127.0.0.1:5999" in shown(app)
        assert "OPENAI_BASE_URL=http://127.0.0.1:5999/v1" in shown(app)
        assert app.unforeseen == []


async def test_calls_are_shown_newest_first_with_what_matters(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(
        workspace.db,
        made(1, duration_ms=300),
        made(2, duration_ms=12_345, flags=[TRUNCATED], finish_reason="length"),
        made(3, status="error", error="connection refused", output="", finish_reason=""),
    )
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5")
        lines = [line for line in shown(app).splitlines() if "ms" in line or " s " in line]
        error, truncated, plain = lines[-3:]
        assert "error" in error
        assert "connection refused" in error
        assert "length" in truncated
        assert "12.3 s" in truncated
        assert "! truncated" in truncated
        assert "300 ms" in plain
        assert "delivery 1" in plain
        await until(pilot, lambda: "3 calls in 30 d" in shown(app))
        screen = shown(app)
        assert "flagged 33.3 % (1)" in screen
        assert "1 error" in screen
        assert "2 calls, none reviewed: not known" in screen, "errored is not wrong"
        assert "80 + 4 tokens a call" in screen
        assert "FOLLOWING" in screen


async def test_the_tail_follows_and_pauses_without_losing_a_call(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    other = Database(workspace.path)  # another process, as far as SQLite can tell
    store(other, *(made(n) for n in range(30)))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5")
        await until(pilot, lambda: listed(app)[:1] == [30])
        store(other, *(made(n) for n in range(30, 35)))
        await until(pilot, lambda: listed(app)[:1] == [35])

        await press(pilot, "j", "j")
        assert "PAUSED" in shown(app)
        selected = table(app).cursor_key
        for n in range(35, 100, 13):
            store(other, *(made(number) for number in range(n, n + 13)))
        await until(pilot, lambda: "65 new: g follows" in shown(app))
        assert table(app).cursor_key == selected
        assert listed(app)[:1] == [35]

        await press(pilot, "g")
        await until(pilot, lambda: listed(app)[:1] == [100])
        assert "FOLLOWING" in shown(app)
        await press(pilot, "G")
        await until(pilot, lambda: table(app).cursor_key == 1)
        seen = {table(app).row_at(i).id for i in range(100) if table(app).row_at(i)}  # type: ignore[union-attr]
        assert seen == set(range(1, 101))
    other.close()


async def test_p_holds_the_list_still_and_follows_again(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, made(1))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5", "p")
        assert "PAUSED" in shown(app)
        other = Database(workspace.path)
        store(other, made(2))
        other.close()
        await until(pilot, lambda: "1 new" in shown(app))
        assert listed(app) == [1]
        await press(pilot, "p")
        await until(pilot, lambda: listed(app) == [2, 1])


async def test_keys_show_only_flagged_only_errors_or_all(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, made(1), made(2, flags=[TRUNCATED]), made(3, status="error", output=""))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5", "f")
        assert listed(app) == [2]
        assert "Only flagged calls; a shows all." in shown(app)
        await press(pilot, "exclamation_mark")
        assert listed(app) == [3]
        await press(pilot, "a")
        assert listed(app) == [3, 2, 1]
        await press(pilot, "f", "escape")
        assert listed(app) == [3, 2, 1]


async def test_a_filter_holds_while_calls_flow(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    other = Database(workspace.path)
    store(other, made(1, output="a refund"), made(2), made(3, output="no refund", model="big"))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5", "slash", *"refund")
        await until(pilot, lambda: listed(app) == [3, 1])
        await press(pilot, "enter")
        store(other, made(4), made(5, output="Refund?"))
        await until(pilot, lambda: listed(app) == [5, 3, 1])
        await press(pilot, "slash", *" model:big")
        await until(pilot, lambda: listed(app) == [3])
        await press(pilot, "enter", "escape")
        await until(pilot, lambda: listed(app) == [5, 4, 3, 2, 1])
        await press(pilot, "slash", *"verdict:odd")
        await until(pilot, lambda: "There is no verdict 'odd'." in shown(app))
    other.close()


async def test_a_call_opens_whole_with_the_offending_words_marked(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    answer = "Sorry, I cannot help with that."
    start = answer.index("I cannot")
    refusal = CallFlag("refusal", "medium", "It reads like a refusal.", start, start + 8)
    store(
        workspace.db,
        made(1, output=answer, flags=[refusal], input="system: Help.\nuser: First?\nuser: Last?"),
        made(2),
    )
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5", "j", "enter")
        text = pane_text(app, "#call")
        assert "! refusal (medium): It reads like a refusal. Marked: “I cannot”." in text
        assert text.index("user: Last?") < text.index(answer) < text.index("user: First?")
        assert "resp-1" in text
        assert '"gen_ai.request.temperature": 0' in text
        marked = [
            segment.text
            for line in app.screen._compositor.render_strips()
            for segment in line
            if segment.style and segment.style.reverse and segment.style.bold
        ]
        assert "I cannot" in "".join(marked)
        await press(pilot, "left_square_bracket")
        assert "call 2 " in shown(app)
        await press(pilot, "left_square_bracket")
        told = [notification.message for notification in app._notifications]
        assert told == ["This is the newest call of the list."]
        await press(pilot, "right_square_bracket", "escape")
        assert listed(app) == [2, 1]


async def test_an_opened_call_is_judged_with_the_keys_of_triage(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, made(1), made(2, flags=[TRUNCATED]))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5", "enter")
        assert "not judged · flagged: counts for the estimate" in shown(app)
        await press(pilot, "n", *"bad tone", "enter", "h")
        await until(pilot, lambda: "wrong (harmful) · u takes it back" in shown(app))
        await settle(pilot)
        detail = calls.call_detail(workspace, 2)
        assert detail.row.review == "wrong"
        assert [(r.severity, r.note) for r in detail.reviews] == [("harmful", "bad tone")]
        assert "wrong (harmful), tester" in pane_text(app, "#call")
        await press(pilot, "u")
        await until(pilot, lambda: calls.call_detail(workspace, 2).row.review == "")
        await press(pilot, "u")
        assert "no verdict of yours on this call" in shown(app)
        await press(pilot, "right_square_bracket")
        assert "picked by you: counts for no estimate" in shown(app)
        await press(pilot, "r", "escape")
        await until(pilot, lambda: "right" in shown(app))
    assert triage.live_estimate(
        workspace, projects.tolerance_of(workspace, project.id), project.id
    ).sentence.endswith("none reviewed: not known.")


async def test_a_wide_screen_shows_the_call_beside_the_list(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, made(1), made(2, output="the newest answer"))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, "5")
        await until(pilot, lambda: "the newest answer" in pane_text(app, "#detail"))
        assert "topics v2" in shown(app)
        assert "80+4" in shown(app)
        await press(pilot, "j")
        await until(pilot, lambda: "delivery 1" in pane_text(app, "#detail"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_hostile_texts_never_reach_the_terminal_raw(
    workspace: Workspace, project: Project, app: LlmopsApp, size: tuple[int, int]
) -> None:
    flag = CallFlag("rule\x1b[0m", "medium", HOSTILE, 0, 8)
    store(
        workspace.db,
        made(
            1, output=HOSTILE, input=f"user: {HOSTILE}", model=HOSTILE, prompt_name=HOSTILE,
            finish_reason="\x1b[2J", flags=[flag], attributes=HOSTILE, response_id=HOSTILE,
        ),
        made(2, status="error", output="", error=HOSTILE),
    )  # fmt: skip
    async with app.run_test(size=size) as pilot:
        for keys in (["5"], ["j"], ["enter"], ["G"]):
            await press(pilot, *keys)
            screen = shown(app)
            assert not any(c in screen for c in "\x1b\x07\x9b\u202e")
            assert "[bold]not" in screen or keys != ["enter"]
        assert app.unforeseen == []


async def test_another_project_has_its_own_calls(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    second = projects.create_project(workspace, "second")
    store(workspace.db, made(1), made(2, project_id=second.id))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5")
        assert listed(app) == [1]
        app.use_project(second.id, second.name)
        await settle(pilot)
        await until(pilot, lambda: listed(app) == [2])
        assert "1 call in 30 d" in shown(app)


async def test_how_to_connect_can_be_read_at_any_time(
    workspace: Workspace, project: Project, app: LlmopsApp, gateway: list[bool]
) -> None:
    store(workspace.db, made(1))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5", "C")
        assert "OTEL_EXPORTER_OTLP_ENDPOINT" in shown(app)
        assert "y Copy" in footer(app)
        await press(pilot, "escape")
        assert listed(app) == [1]


def test_a_filter_has_words_and_fields() -> None:
    assert calls.parse_filter("") == CallFilter()
    assert calls.parse_filter("lost  parcel model:Smol") == CallFilter("lost parcel", "Smol")
    assert calls.parse_filter("http://x Flag:json verdict:NONE") == CallFilter(
        "http://x", flag="json", verdict="none"
    )
    with pytest.raises(InputError, match="no verdict 'good'"):
        calls.parse_filter("verdict:good")


def test_figures_are_of_the_newest_calls(workspace: Workspace, project: Project) -> None:
    db = workspace.db
    store(db, *(made(n, duration_ms=n, cost=2_000) for n in range(1, 101)))
    store(db, made(200, status="error", duration_ms=99_999, input_tokens=None, output_tokens=None))
    tail = calls.tail(workspace, project.id)
    assert (tail.calls, tail.p50_ms, tail.p95_ms) == (101, 50, 95)
    assert (tail.input_tokens, tail.output_tokens) == (80, 4)
    assert tail.per_minute == 101 / 5
    assert tail.cost == (), "no currency is known for a model that isn't listed"
    assert calls.tail(workspace, project.id + 1).calls == 0


def test_latency_is_told_for_each_hour_of_a_day(workspace: Workspace, project: Project) -> None:
    now, hour = now_ms(), figures.HOUR_MS
    for ago, lengths in ((0, range(1, 101)), (3, (7, 9)), (30, (5,))):
        new = (
            made(
                1000 * ago + n,
                project_id=project.id,
                duration_ms=n,
                started_at=now - ago * hour - 9,
            )
            for n in lengths
        )
        store(workspace.db, *new)
    hours = figures.latency_by_slice(workspace, 24 * hour, hour, project.id, until=now)
    assert len(hours) == 24
    assert hours[-1] == Quantiles(50, 95, 99)
    assert hours[-4] == Quantiles(7, 9, 9)
    assert {hours[n] for n in range(24) if n not in (20, 23)} == {Quantiles()}


def test_a_gateway_is_noticed_where_one_answers() -> None:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status":"ok"}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert calls.gateway_answers(port=server.server_port)
        thread.join()
    assert not calls.gateway_answers(port=server.server_port)


def test_a_gateway_that_cannot_write_is_told_from_one_that_is_gone() -> None:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'{"status":"degraded","pid":7,"calls":{"trouble":"disk is full."}}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=lambda: [server.handle_request() for _ in range(2)])
        thread.start()
        assert trouble(GatewayState("g", 7, url, {}, 1, 1, None)) == "disk is full."
        other = GatewayState("h", 8, url, {}, 1, 1, None)
        assert trouble(other) == "", "another one has its address by now"
        thread.join()
    assert trouble(GatewayState("g", 7, url, {}, 1, 1, None)) == "", "it is gone"
    assert trouble(GatewayState("g", 7, url, {}, 1, now_ms(), None)) == "", "it is heard of"
    lately = calls.Tail(1, 0.2, 1, None, None, None, None, (), silent=True, unable=True)
    assert "! gateway can't write: full disk?" in summary_line(lately, None, None)


def test_durations_and_rates_have_units_and_fit_their_columns() -> None:
    told = [texts.took(ms) for ms in (0, 999, 1000, 99_900, 123_400, 3_600_000, 9e8)]
    assert told == ["0 ms", "999 ms", "1.0 s", "99.9 s", "123 s", "60 min", "250 h"]
    assert all(len(text) <= 7 for text in told)
    assert texts.rate_text(0.4) == "0.4 a minute lately"
    assert texts.rate_text(1234.5) == "1,234 a minute lately"


def test_the_last_turn_of_a_conversation_is_told_apart() -> None:
    assert texts.turns("system: A\nuser: B\nassistant: C\nuser: D\nE") == (
        "system: A\nuser: B\nassistant: C",
        "user: D\nE",
    )
    assert texts.turns("just a prompt") == ("", "just a prompt")
    assert texts.turns("") == ("", "")


async def test_an_alert_is_added_by_keys_and_heard_in_every_open_app(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await press(pilot, "5", "A")
        assert "No alert yet." in shown(app)
        await press(pilot, "a")
        await enter(pilot, "many flags")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "waiting" in shown(app))
        other = open_workspace(workspace.path)
        store(other.db, *(made(n, flags=[TRUNCATED]) for n in range(30)))
        assert alerts.look(other)[0].fired
        other.db.close()
        await until(pilot, lambda: "! FIRING" in shown(app))
        await until(pilot, lambda: any("ALERT many flags" in m.message for m in app._notifications))
        await press(pilot, "t")
        await press(pilot, "o")
        await until(pilot, lambda: " off " in shown(app))
        await press(pilot, "x", "y")
        await until(pilot, lambda: "No alert yet." in shown(app))
        assert app.unforeseen == []


async def test_figures_tell_the_window_and_the_one_before_it(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    now = now_ms()
    hour = 3_600_000
    store(
        workspace.db,
        *(
            made(n, flags=[TRUNCATED] if n < 3 else (), started_at=now - 1000 - n)
            for n in range(30)
        ),
        *(made(n, started_at=now - 30 * hour) for n in range(30, 40)),
        made(99, status="error", model="other", started_at=now - hour, cost=2_500_000_000),
    )
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "5", "v")
        screen = shown(app)
        assert "Last 24 hours" in screen
        assert "calls       31 (10)" in screen
        assert "flagged     9.7 % [" in screen
        assert "p95 28 ms" in screen
        assert "p95 latency up to 28 ms" in screen, "how it went over the window"
        assert "none reviewed: not known" in screen
        assert "2.5" in screen, "what the other model cost"
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert "Last 15 minutes" in shown(app)
        assert "calls       30 (0)" in shown(app)
        for _ in range(4):
            await press(pilot, "right_square_bracket")
        assert "calls       41 (0)" in shown(app)
        assert app.unforeseen == []


async def test_a_rule_is_tried_before_it_goes_live_and_set_in_a_form(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, *(made(n, duration_ms=n * 1000.0) for n in range(20)))
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "5", "r")
        page = app.screen
        while page.query_one("#rules").cursor_row.name != "slow":
            await pilot.press("j")
        await press(pilot, "e", "tab", "tab", "end")
        await enter(pilot, "14")
        await press(pilot, "ctrl+s", "t")
        await until(pilot, lambda: "slow would have flagged" in shown(app))
        assert "25 % [10–46] of the last 20 calls (5)." in shown(app)
        await press(pilot, "space")
        assert app.unforeseen == []
    (slow,) = [view for view in flag_rules.rule_views(workspace, project.id) if view.name == "slow"]
    assert not slow.rule.enabled


def test_sparks_are_as_high_as_the_values() -> None:
    assert spark([0, 1, 8], 10) in (" ▁█", " .@")
    assert spark([0, 0], 10) == "  "
    assert len(spark(range(100), 20)) == 20
