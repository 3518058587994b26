"""The order of the queue, and a verdict on all calls that failed alike."""

from __future__ import annotations

import time
from typing import TypeVar

from llmops_tui.core.call import Lane, ReviewVerdict
from llmops_tui.services import queues
from llmops_tui.services.queues import Arrangement, GroupView, Order
from llmops_tui.ui.screens.pick import PickScreen
from llmops_tui.ui.screens.triage.alike_screen import AlikeScreen, Judgement
from llmops_tui.ui.screens.triage.ledger import Remark
from llmops_tui.ui.screens.triage.working import Working

Model = TypeVar("Model")

ORDER_PLACE = "order"
FRESH_S = 30.0
"""An order that was worked out holds at least this long; what arrives stands at its end."""
REST = 20
"""And this many times as long as it took."""
ORDERS = {
    Order.OLDEST: ("oldest first", "what waits longest"),
    Order.NEWEST: ("newest first", "what happens now"),
    Order.SEVERITY: ("worst first", "by how severe its flags are"),
    Order.CHANCE: ("by chance", "means nothing; stays the same for you"),
    Order.ALIKE: ("alike", "what failed alike together, most first"),
}


class Ordering(Working[Model]):
    """A queue whose order a person chooses."""

    def __init__(self) -> None:
        super().__init__()
        self._arranged: Arrangement | None = None
        self._arranged_until = 0.0

    def on_mount(self) -> None:
        """In the order that was left."""
        kept = self.recall(ORDER_PLACE)
        if kept is not None and kept in (*Order,):
            self._queue.order = Order(kept)
        super().on_mount()

    def reload_now(self) -> None:
        """Somebody asked, or it is another project: the order too is worked out anew."""
        self._arranged_until = 0.0
        super().reload_now()

    def arranged_for(self, lane: Lane, order: Order, filter_text: str) -> Arrangement | None:
        """The places of an order, as of some moments ago. Runs in a thread."""
        order = queues.order_in(lane, order)
        kept, project_id = self._arranged, self.project_id
        if kept is not None and time.monotonic() >= self._arranged_until:
            kept = None
        wanted = queues.parse_wanted(filter_text, self.workspace.person)
        same = (lane, order, project_id, wanted)
        if kept and (kept.lane, kept.order, kept.project_id, kept.wanted) == same:
            return kept
        began = time.monotonic()
        found = queues.arrange(self.workspace, lane, order, project_id, wanted)
        took = time.monotonic() - began
        self._arranged, self._arranged_until = found, began + max(FRESH_S, REST * took)
        return found

    def order_words(self) -> str:
        """In which order the calls come, where it isn't the usual one."""
        order = queues.order_in(self._queue.lane, self._queue.order)
        arranged = self._queue.arranged
        if order is Order.OLDEST:
            return ""
        limits = arranged.limits if arranged is not None else ""
        return f"{ORDERS[order][0]} ({limits})" if limits else ORDERS[order][0]

    def alike_words(self) -> str:
        """How many wait that failed like the call in front; empty where none or not known."""
        here, arranged = self._current, self._queue.arranged
        group = arranged.group(here.id) if here is not None and arranged is not None else None
        if group is None:
            return ""
        return f"{len(group.ids):,} failed alike: same rules, similar answers; m judges them all."

    # Commands.

    def why_not(self, command_id: str) -> str | None:
        """There has to be a call."""
        if command_id == "triage.alike" and self._current is None:
            return "There is no call in front."
        return super().why_not(command_id)

    def do_order(self) -> None:
        """Choose what comes first."""

        def chosen(key: str | None) -> None:
            if key is not None:
                self._use_order(Order(key))

        choices = [(order.value, name, what) for order, (name, what) in ORDERS.items()]
        self.app.push_screen(
            PickScreen("Which calls come first?", choices, self._queue.order.value), chosen
        )

    def do_alike(self) -> None:
        """Look at the calls that failed like the one in front; one key judges all of them."""
        here, workspace, project_id = self._current, self.workspace, self.project_id
        lane, arranged = self._queue.lane, self._queue.arranged
        if here is None:
            return

        def look() -> GroupView | None:
            return queues.look_at_group(workspace, lane, project_id, here.id, arranged)

        def judged(said: Judgement | None) -> None:
            if said is not None:
                self._judge_group(*said)

        def nobody() -> None:
            self._say("No other call that waits failed like this one.")

        remark = self.remark_of(here.id).words
        self.app.push_screen(AlikeScreen(look, remark, nobody), judged)

    # How it works.

    def filter_changed(self, text: str) -> None:
        """Only calls that look so, from the first."""
        self._start_anew(self._queue.order)

    def _use_order(self, order: Order) -> None:
        self.remember(ORDER_PLACE, order.value)
        self._start_anew(order)

    def _start_anew(self, order: Order) -> None:
        queue = self._queue
        queue.start(queue.lane)
        queue.order, queue.arranged = order, None
        self._said, self._why_shown = "", False
        self._read_anew()

    def _judge_group(self, view: GroupView, verdict: ReviewVerdict, severity: str) -> None:
        call = view.examples[0]
        remark = self._remarks.pop(call.id, Remark())
        self.given(self._ledger.judge(call, verdict, severity, remark, group=view.group))
        self.write_soon()
