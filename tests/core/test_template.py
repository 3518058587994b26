"""Prompt templates: useful to their authors, harmless whoever wrote them."""

# ruff: noqa: E501 - templates read better in one line
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import TemplateError
from llmops_tui.core.template import (
    Limits,
    TemplateLineError,
    check,
    misspelled,
    parse,
    render,
    variables,
)

ROWS: Json = [{"q": "1 < 2?", "k": "a"}, {"q": "été?", "k": "b"}, {"q": "?", "k": "a"}]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello {{ name }}\n", "Hello Ada\n"),
        ("{{ rows[0].q }} {{ rows[1]['q'] }}", "1 < 2? été?"),
        ("{% for r in rows if r.k == 'a' %}{{ loop.index }}. {{ r.q }}\n{% endfor %}", "1. 1 < 2?\n2. ?\n"),
        ("{{ rows|map(attribute='q')|join(' / ') }}", "1 < 2? / été? / ?"),
        ("{{ rows[1]|tojson }}", '{"q": "été?", "k": "b"}'),
        ("{% for g in rows|groupby('k') %}{{ g.grouper }}{{ g.list|length }} {% endfor %}", "a2 b1 "),
        ("{% macro q(x) %}Q: {{ x }}{% endmacro %}{{ q('a') }} {{ q('b') }}", "Q: a Q: b"),
        ("{% set n = namespace(t=0) %}{% for i in range(4) %}{% set n.t = n.t + i %}{% endfor %}{{ n.t }}", "6"),
        ("{{ missing|default('none') }} {{ missing is defined }}", "none False"),
        ("{{ 'x' if flag }}|{{ 'y' if not flag }}", "|y"),
        ("{% filter upper %}loud {{ name }}{% endfilter %}", "LOUD ADA"),
        ("{% set t %}<{{ name }}>{% endset %}{{ t ~ t }}", "<Ada><Ada>"),
        ("{{ '%s-%03d' % (name, 7) }} {{ '{:>4}|{n}'.format(1, n=name) }}", "Ada-007    1|Ada"),
        ("{{ name.center(7)|trim }} {{ 'a,b'.split(',')|last }} {{ name.replace('A', 'a') }}", "Ada b ada"),
        ("{% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}", "x=1;_y=2;"),
        ("{{ map._y }}{{ map['x'] }}", "21"),
        ("{% for n in tree recursive %}{{ n.v }}{{ loop(n.c) }}{% endfor %}", "12"),
        ("{{ 'one two three four'|truncate(9) }}|{{ 'a\nb'|indent(2) }}|{{ 2.456|round(1) }}", "one...|a\n  b|2.5"),
        ("{% call(u) wrap() %}{{ u }}{% endcall %}", None),
        ("<b>{{ html }}</b> {{ html|e }}", "<b><i></b> &lt;i&gt;"),
        ("{% raw %}{{ literal }}{% endraw %}", "{{ literal }}"),
        ("{{ [1, 2] + [3] }} {{ (1,) }} {{ {'a': none} }}", "[1, 2, 3] (1,) {'a': None}"),
    ],
)  # fmt: skip
def test_templates_render_as_their_authors_expect(source: str, text: str | None) -> None:
    values: dict[str, Json] = {
        "name": "Ada",
        "rows": ROWS,
        "flag": False,
        "map": {"x": 1, "_y": 2},
        "tree": [{"v": 1, "c": [{"v": 2, "c": []}]}],
        "html": "<i>",
    }
    if text is None:
        with pytest.raises(TemplateError):
            render(source, values)
    else:
        assert render(source, values) == text


@given(st.dictionaries(st.sampled_from("abc"), st.text(st.characters(exclude_categories=["Cs"]))))
def test_values_are_put_in_unchanged_and_never_read_as_templates(values: dict[str, str]) -> None:
    source = "".join(f"<{{{{ {name} }}}}>" for name in values)
    assert render(source, dict(values)) == "".join(f"<{value}>" for value in values.values())


def test_a_value_that_looks_like_a_template_stays_text() -> None:
    assert render("{{ x }}", {"x": "{{ 7*7 }}{% for %}"}) == "{{ 7*7 }}{% for %}"


def test_variables_come_in_order_of_appearance_without_those_the_template_makes() -> None:
    source = (
        "{{ b }}{% for row in rows %}{{ row.x }}{{ a }}{% endfor %}{% set c = 1 %}{{ c }}{{ b }}"
    )
    assert variables(source) == ("b", "rows", "a")


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(TemplateLineError) as caught:
        check("fine\nfine\n{{ oops")
    assert caught.value.line == 3
    assert str(caught.value).startswith("Line 3: ")


def test_an_error_while_rendering_names_its_line() -> None:
    with pytest.raises(TemplateLineError) as caught:
        render("a\n{% for i in [1] %}\n{{ 1 // 0 }}\n{% endfor %}", {})
    assert caught.value.line == 3


def test_a_missing_variable_suggests_the_one_that_was_meant() -> None:
    with pytest.raises(TemplateError, match="`contxt` has no value") as caught:
        render("{{ contxt }}", {"context": "", "question": ""})
    assert caught.value.hint == "Did you mean `context`?"
    with pytest.raises(TemplateError) as caught:
        render("{{ zzz }}", {"context": ""})
    assert caught.value.hint == "Known variables: context."


def test_misspellings_are_found_whatever_the_case() -> None:
    assert misspelled("Qestion", ["answer", "question"]) == "question"
    assert misspelled("xyz", ["answer", "question"]) is None


def test_the_same_template_is_compiled_once() -> None:
    assert parse("{{ x }} once") is parse("{{ x }} once")


REACHING_OUT = [
    "{{ ''.__class__.__mro__ }}",
    "{{ x.__class__ }}",
    "{{ x['__class__'] }}",
    "{{ ()|attr('__class__') }}",
    "{{ range.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ '{x.__class__}'.format_map({'x': x}) }}",
    "{{ [x]|map(attribute='__class__')|list }}",
    "{{ lipsum() }}{{ cycler }}{{ joiner }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% autoescape true %}{% endautoescape %}",
    "{{ range }}",
    "{{ x.upper }}",
    "{{ namespace(a=1) }}",
    "{{ ['b']|map('upper') }}",
    "{{ [].append(1) }}",
    "{{ d.update(a=1) }}",
    "{{ x.encode() }}",
    "{{ x() }}",
    "{{ [1, 2]|random }}",
]


@pytest.mark.parametrize("source", REACHING_OUT)
def test_a_template_reaches_nothing_but_its_variables(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source, {"x": "text", "d": {"a": 0}})


HUGE = "{% set b = 'a' * 4000000 %}"
RUNAWAYS = [
    "{% for i in range(10**9) %}a{% endfor %}",
    "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    "{% for i in range(300) %}{% for j in 'a' * 4000000 if false %}{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{{ f(n - 1) ~ f(n - 1) if n }}{% endmacro %}{{ f(40) }}",
    "{% macro f() %}{% for i in range(100000) %}" + "x" * 5000 + "{% endfor %}{% endmacro %}{{ f() }}",
    HUGE + "{% macro f() %}{% for i in range(9000) %}{{ b }}{% endfor %}{% endmacro %}{{ f() }}",
    HUGE + "{% for i in range(9000) %}{% if b == b ~ '' %}{% endif %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}",
    "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set n = namespace(x=1) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=()) %}{% macro f() %}{% set n.x = varargs %}{% endmacro %}"
    "{% for i in range(60) %}{{ f(n.x, n.x) }}{% endfor %}",
    "{{ 'a' * 10**9 }}", "{{ ['a'] * 10**8 }}", "{{ 2 ** 10000000 }}", "{{ 10**4000 * 10**4000 }}",
    "{{ 'a'|center(1000000000) }}", "{{ 'a'.center(10**9) }}", "{{ 'a'.zfill(10**9) }}",
    "{{ 'a'.ljust(10**9) }}", "{{ 'a\\t'.expandtabs(10**9) }}", "{{ 'a'|indent(10**9) }}",
    "{{ ('\\n' * 4000000)|indent(900) }}", "{{ ('a' * 4000000)|replace('', 'bbb') }}",
    "{{ ('a' * 4000000).replace('a', 'bbb') }}", "{{ ('<' * 4000000)|e }}",
    "{{ (('a' * 100000) ~ '')  .join(range(9000)|map('string')) }}",
    "{{ range(9000)|map('string')|join('a' * 100000) }}",
    "{{ '%1000000000d' % 1 }}", "{{ '%*d' % (10**9, 1) }}", "{{ '%(a(b)c)1000000000d' % {'a(b)c': 1} }}",
    "{{ '%1000000000d'|format(1) }}", "{{ ('%(a)s' * 10000) % {'a': 'x' * 100000} }}",
    "{{ '{:1000000000}'.format(1) }}", "{{ '{:{}}'.format(1, 10**9) }}",
    "{{ ('{0}' * 60000).format('x' * 100000) }}",
    "{{ 1.5|round(10**9) }}", "{{ 15|round(-10**9) }}", "{{ [1]|batch(10**9, 'x')|list }}",
    "{{ [1]|slice(10**9)|list }}", "{{ range(10**9)|list }}", "{{ range(100000)|sum }}",
    "{{ ('f' * 4000000)|int(0, 16) // 3 }}", "{{ ('a' * 4000000)|wordwrap(1) }}",
    "{{ ('a ' * 2000000).split() }}", "{{ ('a' * 4000000)|title }}",
    "{{ (" * 500, "{{ " + "not " * 5000 + "1 }}", "{{ " + "1+" * 10000 + "1 }}",
    "{{ a" + ".b" * 5000 + " }}", "{{ " + "1" * 100_000 + " }}", "{{ 0x" + "f" * 100_000 + " }}",
    "{{x}}" * 100_000, "{# c #}" * 280_000, "{% if 1 %}" * 3000, "a" * 2_000_001,
    "{% for x in 'a' %}" * 25 + "{% endfor %}" * 25,
]  # fmt: skip


@pytest.mark.parametrize("source", RUNAWAYS, ids=[source[:60] for source in RUNAWAYS])
def test_a_template_that_runs_away_is_stopped_in_time(source: str) -> None:
    began = thread_time()
    with pytest.raises(TemplateError):
        render(source, {"x": 1})
    assert thread_time() - began < 1.5


def test_limits_can_be_set_for_a_rendering() -> None:
    with pytest.raises(TemplateError, match="more than 10 steps"):
        render("{% for i in range(9) %}{{ i }}{% endfor %}", {}, limits=Limits(steps=10))
    with pytest.raises(TemplateError, match="longer than 5 characters"):
        render("123456", {}, limits=Limits(output_chars=5))


def attacks(folder: Path) -> Iterator[str]:
    """Every payload of the collections, one at a time."""
    yield from (folder / "hostile/ssti/ssti.fuzz").read_text().splitlines()
    page = (folder / "hostile/ssti/ssti_python.md").read_text()
    for number, block in enumerate(page.split("```")):
        if number % 2:
            yield block
            yield from block.splitlines()
    for line in (folder / "made/ssti_templates.jsonl").read_text().splitlines():
        yield json.loads(line)["template"]


def test_the_collected_attacks_end_in_an_error_or_in_harmless_text(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_IN_ENV", "s3cr3t-env-value")
    seen = 0
    for source in attacks(shared_data):
        began = thread_time()
        try:
            text = render(source, {"question": "?"})
        except TemplateError as error:
            text = f"{error} {error.hint}"
        assert thread_time() - began < 1, source
        assert "s3cr3t" not in text, source
        assert "root:" not in text, source
        assert " at 0x" not in text, source
        assert "uid=" not in text, source
        seen += 1
    assert seen > 300


def test_jinja2_is_loaded_by_the_first_template_only() -> None:
    code = (
        "import sys; from llmops_tui.core import template; assert 'jinja2' not in sys.modules;"
        "template.render('{{ x }}', {'x': 1}); assert 'jinja2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
