"""The steps of the schema's history, in order. Forward only; a released step is never edited.

Each is a file `<step>.sql` beside this one. A new step is appended here and nowhere else: a file
of any older state gets what it lacks, and its version is the number of steps that it has.
"""

STEPS: tuple[str, ...] = (
    "first",
    "judged",
    "imports",
    "monitoring",
    "labels",
    "origins",
    "curation",
    "token_pace",
    "rescoring",
    "judging",
    "under_way",
    "bad_rows_kept",
    "triage",
    "incidents",
    "composition",
    "tuning",
    "proposals",
    "anchors",
    "queue",
    "second_looks",
    "retention",
    "call_minutes",
    "call_judgements",
    "call_marks",
    "asked_again",
    "short_keys",
    "waiting",
)
