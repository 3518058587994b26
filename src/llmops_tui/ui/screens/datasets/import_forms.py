"""Dialogs on the way in and out of data sets: which file, how to read it, where to write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from llmops_tui.core.dataset import Dataset
from llmops_tui.services import dataset_export, dataset_import
from llmops_tui.services.dataset_export import FORMATS, ExportRequest
from llmops_tui.services.dataset_import import ImportPreview
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required

FOUND_OUT = "found out"
ALL = "all"


def path_form(workspace: Workspace, project_id: int) -> FormScreen[ImportPreview]:
    """Ask for a file; what can't be read is said in the form."""
    return FormScreen(
        "Import a data set",
        [
            Field(
                "path",
                "file",
                help="CSV, JSON, YAML, Parquet, Excel, logs of Inspect or llm, or a directory of "
                "text files. → completes the name.",
                check=required("A file"),
                path=True,
            )
        ],
        lambda values: dataset_import.preview_remembered(
            workspace, project_id, Path(values["path"])
        ),
    )


def name_form(preview: ImportPreview) -> FormScreen[ImportPreview]:
    """Ask what the data set is to be called."""
    return FormScreen(
        "Name of the data set",
        [
            Field(
                "name",
                "name",
                preview.name,
                "A name that exists gets a new version.",
                check=required("A name"),
            )
        ],
        lambda values: replace(preview, name=values["name"]),
    )


def reading_form(
    workspace: Workspace, project_id: int, preview: ImportPreview
) -> FormScreen[ImportPreview]:
    """Say how the source is to be read, where it was found out wrongly."""
    said = preview.overrides
    header = {None: FOUND_OUT, True: "yes", False: "no"}[said.header]
    kinds = ("csv", "tsv", "jsonl", "json", "yaml", "lines")
    return FormScreen(
        "How to read it",
        [
            Field(
                "kind",
                "format",
                said.kind or FOUND_OUT,
                choices=((FOUND_OUT, preview.format.label), *((kind, "") for kind in kinds)),
            ),
            Field(
                "delimiter", "delimiter", said.delimiter or "", "Empty: found out. \\t is a tab."
            ),
            Field(
                "quote",
                "quote",
                "none" if said.quote == "" else said.quote or "",
                "Around cells. Empty: found out; none: quotes are ordinary characters.",
            ),
            Field("encoding", "encoding", said.encoding or "", "Such as cp1252. Empty: found out."),
            Field(
                "header",
                "header",
                header,
                choices=((FOUND_OUT, ""), ("yes", "the first row names the columns"), ("no", "")),
            ),
            Field(
                "skip",
                "lines to skip",
                "" if said.skip_lines is None else str(said.skip_lines),
                "Before the table begins. Empty: found out.",
                check=_whole_number,
            ),
            Field(
                "part",
                "sheet or member",
                said.sheet or said.member or "",
                "The sheet of a workbook, or the member of a JSON object that holds the rows.",
            ),
        ],
        lambda values: _read_anew(workspace, project_id, preview, values),
    )


def _read_anew(
    workspace: Workspace, project_id: int, preview: ImportPreview, values: Values
) -> ImportPreview:
    kind = None if values["kind"] == FOUND_OUT else values["kind"]
    header = {"yes": True, "no": False}.get(values["header"])
    quote = "" if values["quote"] == "none" else values["quote"] or None
    overrides = dataset_import.source_hints(
        kind=kind,
        encoding=values["encoding"] or None,
        delimiter=values["delimiter"] or None,
        quote=quote,
        header=header,
        skip_lines=int(values["skip"]) if values["skip"] else None,
        member=values["part"] or None,
        sheet=values["part"] or None,
    )
    made = dataset_import.preview_remembered(workspace, project_id, preview.source, overrides)
    return replace(made, name=preview.name)


def _whole_number(text: str) -> str | None:
    return None if not text or text.isdecimal() else "A number of lines, such as 2."


def export_form(workspace: Workspace, dataset: Dataset) -> FormScreen[str]:
    """Ask where to write a data set's newest version, and how; gives what was done, in words."""
    splits = [name for name in dataset.version.splits if name] if dataset.version else []
    return FormScreen(
        f"Export {dataset.name}",
        [
            Field(
                "path",
                "file",
                f"{dataset.name}.csv",
                "A file that isn't there yet. → completes the name.",
                check=required("A file"),
                path=True,
            ),
            Field(
                "format",
                "format",
                FOUND_OUT,
                choices=((FOUND_OUT, "by the file's name"), *FORMATS.items()),
            ),
            Field("split", "split", ALL, choices=((ALL, "examples"), *((s, "") for s in splits))),
            Field(
                "safe",
                "formulas",
                "as they are",
                choices=(
                    ("as they are", "every value byte for byte"),
                    ("disarmed", "an apostrophe before them, for spreadsheets; CSV only"),
                ),
            ),
        ],
        lambda values: _export(workspace, dataset, values),
    )


def _export(workspace: Workspace, dataset: Dataset, values: Values) -> str:
    assert dataset.version is not None
    target = Path(values["path"]).expanduser()
    request = ExportRequest(
        target,
        "" if values["format"] == FOUND_OUT else values["format"],
        None if values["split"] == ALL else values["split"],
        values["safe"] == "disarmed",
    )
    made = dataset_export.export_dataset(workspace, dataset.version, request)
    words = f"Wrote {made.rows:,} rows of {dataset.name} v{dataset.version.number} to {target}."
    if made.unlabelled:
        words += f" Left out: {made.unlabelled:,} without an expected answer."
    if made.held_out:
        words += f" Left out: {made.held_out:,} of the gate split, which judges."
    if made.replaced:
        words += f" In {made.replaced:,} cells � stands for text that no file can carry."
    return words
