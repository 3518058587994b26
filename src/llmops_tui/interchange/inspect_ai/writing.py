"""Writes an Inspect log: a `.eval` archive with its header, samples and summaries."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables.writing import opened


def write_eval(
    header: Mapping[str, Json], samples: Iterable[Mapping[str, Json]], target: Path
) -> None:
    """Write an archive; samples are written as they come, so that memory stays flat.

    Args:
        header: the log without its samples.
        samples: each with `id`, `epoch`, `input`, `target`, `scores`.
        target: the file, which appears when it's complete.

    Raises:
        InputError: the file can't be written.
    """
    summaries: list[Json] = []
    with (
        opened(target) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        start = {name: header[name] for name in ("version", "eval", "plan") if name in header}
        archive.writestr("_journal/start.json", _text(start))
        for sample in samples:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, _text(sample))
            summaries.append(
                {key: sample[key] for key in ("id", "epoch", "input", "target") if key in sample}
                | {"scores": sample.get("scores"), "completed": True}
            )
        archive.writestr("summaries.json", _text(summaries))
        archive.writestr("header.json", _text(header))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)
