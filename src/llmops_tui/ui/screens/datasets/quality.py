"""Whether a data set can be trusted, on one screen; each finding opens the rows concerned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.curation import report as kinds
from llmops_tui.core.curation.report import Finding, Report
from llmops_tui.core.dataset import DatasetVersion
from llmops_tui.services import dataset_versions, masking, planning, projects, quality
from llmops_tui.services.dataset_editing import Edited
from llmops_tui.services.quality import StoppedError
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.progress import Progress, progress_text
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Column, RowChosen, RowMoved, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.services.planning import PriceOfProof

SEVERE = frozenset({kinds.CONTRADICTORY, kinds.LEAK, kinds.IN_PROMPT, kinds.PERSONAL})
SHOWN_SHARES = 8
SHOWN_LABELS = 8
NO_LANGUAGES = "Not told: py3langid isn't installed (extra `scorers`)."
BAR = 12


class QualityPage(Page[Report]):
    """Findings on top, how the rows are distributed below."""

    SCOPE = "datasets.quality"
    PURPOSE = (
        "Whether the data can be trusted. The list has what was found; enter opens the rows "
        "concerned. The pane has labels, lengths, scripts, and how many rows a verdict needs. "
        "What was found is kept with the version, which never changes."
    )
    FIGURES = (
        "Duplicates: inputs that are equal but for case and white space; near ones share 80 % of "
        "their word pairs (MinHash, then compared exactly).\n"
        "Personal: e-mail addresses, telephone numbers, cards and IBANs with right check digits, "
        "keys and tokens of known forms. What has none of these forms is not found.\n"
        "Leaks: the same or nearly the same input in two splits, or in a prompt."
    )
    EXPLAINS = ("price of proof", "gate wear")
    DEFAULT_CSS = """
    QualityPage #title { padding: 0 2; color: $muted; height: 1; }
    """

    def __init__(self, name: str, version: DatasetVersion) -> None:
        super().__init__()
        self._dataset = name
        self._version = version
        self._stop = False
        self._proof: PriceOfProof | None = None

    def compose_body(self) -> ComposeResult:
        """Findings, and the pane."""
        yield Words(id="title")
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("", lambda f: ("!", "bad") if f.kind in SEVERE else "", width=1),
                    Column("found", lambda f: f.title, flex=3),
                    Column("rows", lambda f: f"{f.rows:,}", width=9, align="right"),
                    Column("of all", self._share, width=7, align="right"),
                ),
                key=lambda finding: finding.title,
                empty="Looking…",
                id="findings",
            ),
            TextPane(id="about"),
        )

    def on_unmount(self) -> None:
        """Nobody wants to know any more."""
        self._stop = True

    def load(self) -> Report:
        """What was found before, or look now."""
        kept = quality.kept_report(self.workspace, self._version)
        if self.project_id is not None and self._proof is None:
            tolerance = projects.tolerance_of(self.workspace, self.project_id)
            self._proof = planning.price_of_proof(tolerance)
        if kept is not None or self.project_id is None:
            return kept or Report(0)
        return quality.check(self.workspace, self.project_id, self._version, self._tell)

    def load_failed(self, error: Exception) -> None:
        """Leaving stops it: that is no news."""
        if not isinstance(error, StoppedError):
            super().load_failed(error)

    def show(self, model: Report) -> None:
        """Show what was found."""
        number = len(model.findings)
        said = texts.counted(number, "finding") if number else "nothing found"
        self.query_one("#title", Words).put(
            f"{self._dataset} v{self._version.number}: "
            f"{texts.counted(model.rows, 'example')} looked at, {said}"
        )
        self._table.empty = (
            "Nothing found: no duplicates, contradictions, leaks, empty rows or personal data "
            "of a known form."
        )
        self._table.show_rows(model.findings)
        if not model.findings:
            self.query_one(TextPane).show_sections(self._sections(None))

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell about the finding."""
        message.stop()
        self.query_one(TextPane).show_sections(self._sections(self._table.cursor_row))
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open the rows concerned."""
        message.stop()
        finding = self._table.cursor_row
        if finding is not None:
            from llmops_tui.ui.screens.datasets.rows_page import RowsPage

            self.app.push_screen(RowsPage(self._dataset, self._version, finding))

    def why_not(self, command_id: str) -> str | None:
        """Masking needs something to mask."""
        if command_id == "datasets.quality.mask" and not self._personal()[0]:
            return "Nothing personal was found."
        return super().why_not(command_id)

    def do_figures(self) -> None:
        """Read labels, lengths and scripts, where the pane isn't in sight."""
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def do_again(self) -> None:
        """Look again: prompts may have changed since."""
        if self.project_id is None:
            return
        self.query_one("#title", Words).put("Looking again…")
        self.in_thread(
            partial(quality.check, self.workspace, self.project_id, self._version, self._tell),
            self._looked,
            group="check",
        )

    def do_mask(self) -> None:
        """Mask what is personal, in a new version."""
        from llmops_tui.ui.screens.confirm import ConfirmScreen

        rows, at_least = self._personal()

        def agreed(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    partial(masking.mask_personal, self.workspace, self._version, self._tell),
                    self._masked,
                    group="change",
                )

        self.app.push_screen(
            ConfirmScreen(
                f"Mask what is personal in {at_least}{texts.counted(rows, 'row')}?",
                self._dataset,
                "A new version says [email], [phone] and so on in its place. "
                f"Version {self._version.number} keeps it, and restoring brings it back.",
            ),
            agreed,
        )

    @property
    def _table(self) -> VirtualTable[Finding]:
        return self.query_one("#findings", VirtualTable)

    def _looked(self, report: Report) -> None:
        self.model = report
        self.show(report)

    def _masked(self, edited: Edited) -> None:
        self.llmops.notify(f"{edited.words} v shows what differs.")
        self._version = dataset_versions.find_version(self.workspace, edited.version.id)
        self._table.empty = "Looking…"
        self._table.show_rows(())
        self.reload_now()

    def _personal(self) -> tuple[int, str]:
        """How many rows hold something personal, and “at least ” where not each place is kept."""
        found = [f for f in self.model.findings if f.kind == kinds.PERSONAL] if self.model else []
        rows = len({position for finding in found for position in finding.positions})
        if all(finding.rows == len(finding.positions) for finding in found):
            return rows, ""
        return max(rows, *(finding.rows for finding in found)), "at least "

    def _share(self, finding: Finding) -> str:
        rows = self.model.rows if self.model else 0
        return f"{finding.rows / rows * 100:.1f} %" if rows else ""

    def _tell(self, done: int) -> bool:
        """Called in a thread."""
        if not self._stop:
            self.app.call_later(self._show_progress, done)
        return not self._stop

    def _show_progress(self, done: int) -> None:
        if self.is_mounted and not self._stop and self._loading:
            line = progress_text(Progress(done, self._version.rows), self.size.width - 4)
            self.query_one("#title", Words).put(line)

    def _sections(self, finding: Finding | None) -> list[Section]:
        sections = []
        if finding is not None:
            sections.append(Section(finding.title, f"{finding.about}\nenter opens the rows."))
        if self.model is not None:
            sections += report_sections(self.model)
        if self._proof is not None:
            sections.append(
                Section("How many do I need?", enough_words(self._proof, self._version))
            )
        return sections


def report_sections(report: Report) -> list[Section]:
    """Labels, lengths, scripts."""
    sections = []
    if report.labels:
        most = max(report.labels.values())
        lines = [
            f"{name[:20]:<20} {count:>9,}  {count / report.rows * 100:5.1f} %  "
            f"{'▪' * max(1, round(count / most * BAR))}"
            for name, count in list(report.labels.items())[:SHOWN_LABELS]
        ]
        if report.distinct_labels > SHOWN_LABELS:
            lines.append(f"… {report.distinct_labels:,} different answers in all")
        sections.append(Section("Expected answers", "\n".join(lines)))
    lines = [f"{'':<16} {'least':>7} {'median':>7} {'95 %':>7} {'most':>8}"]
    lines += [
        f"{name[:16]:<16} {x.least:>7,} {x.median:>7,} {x.p95:>7,} {x.most:>8,}"
        for name, x in report.lengths.items()
    ]
    sections.append(Section("Lengths in characters", "\n".join(lines)))
    sections.append(Section("Scripts of the inputs", _shares(report.scripts)))
    if report.languages:
        looked = sum(report.languages.values())
        words = "Languages of the inputs"
        if looked < report.rows:
            words += f" (of {looked:,} rows)"
        sections.append(Section(words, _shares(report.languages)))
    else:
        sections.append(Section("Languages of the inputs", NO_LANGUAGES))
    return sections


def _shares(counts: Mapping[str, int]) -> str:
    total = max(1, sum(counts.values()))
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    shown = dict(ordered[:SHOWN_SHARES])
    if len(ordered) > SHOWN_SHARES:
        rest = ordered[SHOWN_SHARES:]
        shown[f"{len(rest)} more"] = sum(count for _, count in rest)
    return " · ".join(f"{name} {count / total * 100:.1f} %" for name, count in shown.items())


def enough_words(proof: PriceOfProof, version: DatasetVersion) -> str:
    """How many rows the tolerance needs, and how many there are."""
    tolerance = proof.tolerance
    lines = [
        f"{tolerance.max_wrong * 100:g} % wrong at most, {tolerance.confidence * 100:g} % sure: "
        f"{proof.least_rows:,} rows if not one answer is wrong; there are {version.rows:,}."
    ]
    for point in proof.points[1:5]:
        if point.rows is not None:
            enough = "enough" if version.rows >= point.rows else "too few"
            lines.append(
                f"really {point.true_rate * 100:.2g} % wrong: {point.rows:,} rows for "
                f"{proof.wanted:.0%} chance of proof ({enough})"
            )
    gate = version.splits.get("gate")
    if gate is not None and gate < proof.least_rows:
        lines.append(f"The gate split alone has {gate:,}: too few for any verdict.")
    return "\n".join(lines)
