"""Testing scorers in the app: known answers, and judges on what people labelled."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.endpoints.process import mock_endpoint
from tests.ui.driving import footer, press, shown, until
from tests.workspaces import make_bench

from llmops_tui.core.chat import Json
from llmops_tui.services import judging, rescoring, runs
from llmops_tui.ui.app import LlmopsApp

RUBRIC: dict[str, Json] = {
    "name": "judge_rubric",
    "parameters": {"rubric": "It is a word.", "model": "mock"},
}


async def test_judges_are_anchored_by_one_key(tmp_path: Path) -> None:
    with mock_endpoint(answer="last-word") as endpoint:
        bench = make_bench(tmp_path / "w.db", endpoint.base_url, rows=4)
        run_id = bench.plan()
        await asyncio.to_thread(runs.work, bench.workspace, run_id, lambda _: None)
        endpoint.configure(answer='={"reason": "r", "pass": true}')
        rescoring.rescore_run(bench.workspace, run_id, [RUBRIC])
        app = LlmopsApp(bench.workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, "4", "t")
            await until(pilot, lambda: "a: have the judges judge again" in shown(app))
            assert "Anchors" in footer(app)
            await press(pilot, "a")
            await until(pilot, lambda: "People labelled no answer yet." in shown(app))
            for sample in runs.sample_page(bench.workspace, run_id, limit=3):
                judging.label_sample(bench.workspace, sample.id, right=True)
            await press(pilot, "a")
            await until(pilot, lambda: "agrees with people on 3 of 3 answers" in shown(app))
            assert app.unforeseen == []
        bench.workspace.db.close()
