"""`is_sql`: the answer is SQL that can be read."""

from __future__ import annotations

import re
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote
from llmops_tui.core.scorers.outside import IsSqlParameters
from llmops_tui.runner.scorers.extras import load

LONGEST: Final = 50_000
_COLOURS: Final = re.compile(r"\x1b[^m]*m")
_FENCE: Final = re.compile(r"\s*```[\w-]*[ \t]*\n(?P<body>.*?)\n?[ \t]*```\s*", re.DOTALL)


def compile_is_sql(parameters: IsSqlParameters) -> Check:
    """Parsed by sqlglot, never executed. A lone word or an empty text is no statement.

    Raises:
        InputError: The dialect is unknown.
        UnavailableError: The library isn't installed.
    """
    sqlglot = load("sqlglot", "is_sql", "scorers")
    exp = sqlglot.exp
    try:
        sqlglot.Dialect.get_or_raise(parameters.dialect or None)
    except ValueError as error:
        raise InputError(
            f"There is no SQL dialect {parameters.dialect!r}.",
            "E.g. postgres, mysql, sqlite, bigquery, snowflake, tsql.",
        ) from error
    allowed = {name.casefold() for name in parameters.tables}

    def check(given: ScoringInput) -> Finding:
        text = given.answer
        if parameters.fenced and (fence := _FENCE.fullmatch(text)):
            text = fence["body"]
        if len(text) > LONGEST:
            raise InputError(f"The answer is longer than {LONGEST:,} characters of SQL.")
        try:
            parsed = sqlglot.parse(text, dialect=parameters.dialect or None)
        except (sqlglot.errors.SqlglotError, RecursionError) as error:
            first = str(error).partition("\n")[0] or "nested too deeply"
            return False, f"is no SQL: {_COLOURS.sub('', first)}"
        statements = [part for part in parsed if part is not None]
        # To the parser a lone expression (`hello`) is a statement; to people it isn't.
        if not statements or not all(
            isinstance(part, exp.Query | exp.DML | exp.DDL | exp.Command | exp.Alter | exp.Drop)
            for part in statements
        ):
            return False, "is no SQL statement"
        used = {table.name for part in statements for table in part.find_all(exp.Table)}
        named = {cte.alias.casefold() for part in statements for cte in part.find_all(exp.CTE)}
        foreign = sorted(name for name in used if name.casefold() not in allowed | named)
        if allowed and foreign:
            return False, f"is SQL that uses the table {quote(foreign[0])}"
        return True, "is SQL"

    return check
