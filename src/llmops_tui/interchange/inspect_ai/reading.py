"""Reads an Inspect log, archive or document, as a finished run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmops_tui.core.chat import AnswerErrorKind, Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.interchange.finished import ForeignPrompt, ForeignRun, ForeignSample

LARGEST = 1_000_000_000
VALUES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Correct, partial, incorrect, no answer."""
PASSED_FROM = 1.0
"""A partial answer isn't a right one."""
PASSED_NUMBER = 0.5
"""A number from 0 to 1 passes from here; what is no letter has no better meaning."""
NOT_JUDGED = "Inspect gave this sample no score"


def is_log(value: Json) -> bool:
    """Whether a document is an Inspect log."""
    return isinstance(value, dict) and isinstance(value.get("eval"), dict) and "version" in value


def read_log(path: Path) -> ForeignRun:
    """A finished run.

    Raises:
        InputError: the file is no log, can't be read, or has no sample.
    """
    if zipfile.is_zipfile(path):
        header, samples = _archive(path)
    else:
        try:
            value: Json = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"“{path.name}” is no Inspect log: {error}.") from error
        if not is_log(value):
            raise InputError(f"“{path.name}” is no Inspect log.")
        header = _object(value)
        listed = header.get("samples")
        samples = [_object(item) for item in listed] if isinstance(listed, list) else []
    return _run(header, samples, path)


def _archive(path: Path) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > LARGEST:
                raise InputError(f"“{path.name}” unpacks to more than a gigabyte.")
            names = archive.namelist()
            head = "header.json" if "header.json" in names else "_journal/start.json"
            header = _object(json.loads(archive.read(head)))
            found = sorted(name for name in names if name.startswith("samples/"))
            samples = [_object(json.loads(archive.read(name))) for name in found]
    except (OSError, KeyError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise InputError(f"“{path.name}” is no Inspect log: {error}.") from error
    if not is_log(header):
        raise InputError(f"“{path.name}” is no Inspect log.")
    return header, samples


def _run(header: Mapping[str, Json], samples: list[dict[str, Json]], path: Path) -> ForeignRun:
    about = _object(header.get("eval"))
    if not samples:
        raise InputError(f"“{path.name}” has no samples, so there is nothing to import.")
    task, model = str(about.get("task") or path.stem), str(about.get("model") or "unknown")
    prompt = ForeignPrompt(task.replace("@", " ").replace(":", " "), (("user", "{{ input }}"),))
    return ForeignRun(
        tool="Inspect",
        name=task,
        identity=str(about.get("eval_id") or about.get("run_id") or ""),
        when=str(about.get("created") or ""),
        samples=tuple(_samples(samples, prompt, model)),
        notes=()
        if header.get("status") == "success"
        else (f"The log says {header.get('status')}.",),
    )


def _samples(
    samples: list[dict[str, Json]], prompt: ForeignPrompt, model: str
) -> Iterator[ForeignSample]:
    for sample in samples:
        attached = _object(sample.get("attachments"))
        yield _sample(sample, prompt, model, {f"attachment://{k}": v for k, v in attached.items()})


def _sample(
    sample: Mapping[str, Json], prompt: ForeignPrompt, model: str, attached: Mapping[str, Json]
) -> ForeignSample:
    output = _object(sample.get("output"))
    usage = _object(output.get("usage"))
    answer, finish = _said(output, attached)
    scores = tuple(_scores(_object(sample.get("scores"))))
    error = _object(sample.get("error")).get("message")
    inputs: dict[str, Json] = {"input": _input(sample.get("input"), attached)}
    if sample.get("choices"):
        inputs["choices"] = sample["choices"]
    outcome, reason, kind = _outcome(scores, str(error or ""))
    messages = sample.get("messages")
    return ForeignSample(
        prompt=prompt,
        model=model,
        inputs=inputs,
        expected=_target(sample.get("target")),
        repeat=max(0, _whole(sample.get("epoch")) - 1),
        outcome=outcome,
        reason=reason,
        answer=answer,
        request=json.dumps({"messages": messages}, ensure_ascii=False) if messages else "",
        scores=scores,
        error=str(error or ""),
        error_kind=kind,
        finish_reason=finish,
        latency_ms=_real(output.get("time") or sample.get("total_time")) * 1000,
        input_tokens=_whole(usage.get("input_tokens")),
        output_tokens=_whole(usage.get("output_tokens")),
    )


def _outcome(scores: tuple[SampleScore, ...], error: str) -> tuple[Outcome, str, str | None]:
    if error:
        return Outcome.ERRORED, error.partition("\n")[0], AnswerErrorKind.NOT_AN_ANSWER.value
    if not scores:
        return Outcome.ERRORED, NOT_JUDGED, AnswerErrorKind.SCORER.value
    failed = [score for score in scores if not score.passed]
    told = (failed or scores)[0]
    reason = f"{told.scorer}: {told.reason}" if told.reason else told.scorer
    return (Outcome.WRONG if failed else Outcome.RIGHT), reason, None


def _scores(scores: Mapping[str, Json]) -> Iterator[SampleScore]:
    for name, item in scores.items():
        score = _object(item)
        value = score.get("value")
        reason = str(score.get("explanation") or score.get("answer") or "")
        if isinstance(value, dict):  # several values of one scorer
            for part, number in value.items():
                yield _score(f"{name} {part}", number, reason)
        else:
            yield _score(name, value, reason)


def _score(name: str, value: Json, reason: str) -> SampleScore:
    if isinstance(value, str) and value in VALUES:
        number, passed = VALUES[value], VALUES[value] >= PASSED_FROM
        return SampleScore(name, number, passed, f"{value}: {reason}" if reason else value)
    if isinstance(value, bool | int | float):
        number = float(value)
        passed = number >= PASSED_NUMBER
        return SampleScore(name, min(1.0, max(0.0, number)), passed, f"{number:g}: {reason}")
    return SampleScore(name, 0.0, False, f"{value}: {reason}")


def _said(output: Mapping[str, Json], attached: Mapping[str, Json]) -> tuple[str | None, str]:
    """(what the model said, why it ended)."""
    choices = output.get("choices")
    first = _object(choices[0]) if isinstance(choices, list) and choices else {}
    message = _object(first.get("message"))
    if "content" not in message:
        return None, "stop"
    return _content(message["content"], attached), str(first.get("stop_reason") or "stop")


def _input(value: Json, attached: Mapping[str, Json]) -> str:
    if not isinstance(value, list):
        return _content(value, attached)
    users = [_object(item) for item in value if _object(item).get("role") == "user"]
    return "\n\n".join(_content(item.get("content"), attached) for item in users)


def _content(value: Json, attached: Mapping[str, Json]) -> str:
    if isinstance(value, list):
        parts = [_object(item) for item in value]
        texts = [part.get("text", f"[{part.get('type', 'part')}]") for part in parts]
        return "\n".join(_content(text, attached) for text in texts)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    found = attached.get(text)
    return found if isinstance(found, str) else text


def _target(value: Json) -> str | None:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value else None
    return value if isinstance(value, str) and value else None


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}


def _whole(value: Json) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def _real(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and value == value else 0.0
