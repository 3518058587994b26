"""The environment that compiles prompt templates and decides what they may reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from jinja2 import StrictUndefined, nodes
from jinja2.environment import Template
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Token, TokenStream
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, pass_context
from jinja2.visitor import NodeTransformer

from llmops_tui.core.errors import TemplateError
from llmops_tui.core.sandbox.filters import CONCAT, TICK, WEIGH, allowed_filters
from llmops_tui.core.sandbox.meter import METER, Function, Meter
from llmops_tui.core.sandbox.methods import MISSING, attribute
from llmops_tui.core.sandbox.operators import OPERATORS

MAX_TOKENS: Final = 15_000
"""Longest template in tokens of code (plain text between the code costs one)."""

_ALLOWED_NODES: Final = frozenset(
    [
        "Template",
        "Output",
        "TemplateData",
        "For",
        "If",
        "Macro",
        "CallBlock",
        "FilterBlock",
        "With",
        "Assign",
        "AssignBlock",
        "ExprStmt",
        "Name",
        "NSRef",
        "Const",
        "Tuple",
        "List",
        "Dict",
        "Pair",
        "Keyword",
        "CondExpr",
        "Filter",
        "Test",
        "Call",
        "Getitem",
        "Getattr",
        "Slice",
        "Concat",
        "Compare",
        "Operand",
        "Mul",
        "Div",
        "FloorDiv",
        "Add",
        "Sub",
        "Mod",
        "Pow",
        "And",
        "Or",
        "Not",
        "Neg",
        "Pos",
    ]
)
_TAGS: Final = {"Scope": "autoescape", "FromImport": "from … import"}
_FORBIDDEN_NAMES: Final = frozenset({"self", "super"})
_SCOPES: Final = (nodes.For, nodes.Macro, nodes.CallBlock)


def _range(meter: Meter, *args: int) -> range:
    numbers = range(*args)
    if len(numbers) > meter.limits.steps:
        raise TemplateError(f"`range` goes up to {meter.limits.steps:,} numbers only.")
    return numbers


def _dict(meter: Meter, *args: Any, **kwargs: Any) -> dict[object, object]:
    return dict(*args, **kwargs)


def _namespace(meter: Meter, *args: Any, **kwargs: Any) -> Namespace:
    return Namespace(*args, **kwargs)


@pass_context
def _finalize(context: Context, value: object) -> str:
    meter: Meter = context.parent[METER]
    return meter.put_out(value)


class SandboxEnvironment(ImmutableSandboxedEnvironment):
    """Compiles templates that can neither reach anything nor run away."""

    intercepted_binops = frozenset(OPERATORS)

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            finalize=_finalize,
            # Folding constants would compute `'a' * 10**9` before anything counts it.
            optimized=False,
            cache_size=0,
        )
        self.filters = allowed_filters()
        self.globals = {
            "range": Function("range", _range),
            "dict": Function("dict", _dict),
            "namespace": Function("namespace", _namespace),
        }

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        # Comments and raw blocks are no tokens, but reading them takes time all the same.
        if source.count("{#") + source.count("{%") > MAX_TOKENS:
            raise TemplateSyntaxError(f"the template has more than {MAX_TOKENS:,} tags", 1)
        stream = super()._tokenize(source, name, filename, state)
        return TokenStream(_counted(stream), name, filename)

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        tree = _Metering().visit(source)
        tree.set_environment(self)
        return super()._generate(tree, name, filename, defer_init)

    def read(self, source: str) -> nodes.Template:
        """Parse a template and refuse statements that have no place in a prompt."""
        tree = self.parse(source)
        for node in _all_nodes(tree):
            kind = type(node).__name__
            line = getattr(node, "lineno", None) or 1
            if kind == "Include":
                raise TemplateSyntaxError(
                    "`include` takes the name of a prompt in quotes and nothing else, such as "
                    '{% include "tone@production" %}',
                    line,
                )
            if kind not in _ALLOWED_NODES:
                name = _TAGS.get(kind, kind.lower())
                raise TemplateSyntaxError(f"`{name}` can't be used in a prompt", line)
            if isinstance(node, nodes.Name) and node.name in _FORBIDDEN_NAMES:
                raise TemplateSyntaxError(f"`{node.name}` can't be used in a prompt", line)
        return tree

    def undeclared(self, tree: nodes.Template) -> tuple[str, ...]:
        """Names of the variables that a parsed template asks for, in order of appearance."""
        wanted = find_undeclared_variables(tree)
        names = (node.name for node in tree.find_all(nodes.Name))
        return tuple(dict.fromkeys(name for name in names if name in wanted))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`value.name`: a listed attribute, or an item of a mapping."""
        return self._reach(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`value[name]`: an item, or a listed attribute as Jinja has it."""
        if isinstance(obj, dict | list | tuple | str | range):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        if type(argument) is str:
            return self._reach(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def _reach(self, obj: Any, name: str) -> Any:
        if isinstance(obj, Undefined):
            # Says which variable is missing, rather than that its attribute is.
            obj._fail_with_undefined_error()
        found = attribute(self, obj, name)
        if found is not MISSING:
            return found
        if isinstance(obj, dict) and name in obj:
            return obj[name]
        if type(obj) is Namespace and not name.startswith("_"):
            found = getattr(obj, name, MISSING)
        return self.undefined(obj=obj, name=name) if found is MISSING else found

    def call(
        __self,
        __context: Context,
        __obj: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Call a macro, a loop or one of our own functions; nothing else can be called."""
        meter: Meter = __context.parent[METER]
        meter.tick()
        kind = type(__obj)
        if kind is not Function and kind is not Macro and kind is not LoopContext:
            if isinstance(__obj, Undefined):
                __obj._fail_with_undefined_error()
            raise TemplateError(f"A value of the kind `{kind.__name__}` can't be called.")
        # Compiled templates hand these on for functions that want the context: none of ours does.
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        if args or kwargs:
            meter.weigh([*args, *kwargs.values()])
        if kind is Function:
            return __obj.call(meter, args, kwargs)
        return __context.call(__obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator, by the version of it that looks before it computes."""
        meter: Meter = context.parent[METER]
        meter.tick()
        return OPERATORS[operator](meter, left, right)


def _counted(stream: TokenStream) -> Iterator[Token]:
    for count, token in enumerate(stream):
        if count > MAX_TOKENS:
            raise TemplateSyntaxError(
                f"the template has more than {MAX_TOKENS:,} tokens of code", token.lineno
            )
        yield token


def _all_nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(node.iter_child_nodes())


def _static_chars(body: list[nodes.Node]) -> int:
    """Characters of plain text that one pass through a body may put out."""
    chars = 0
    todo = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, nodes.TemplateData):
            chars += len(node.data)
        elif not isinstance(node, _SCOPES):
            todo.extend(node.iter_child_nodes())
    return chars


class _Metering(NodeTransformer):
    """Puts the meter into a template: at each round of a loop, each macro, each new container."""

    def _tick(self, body: list[nodes.Node], line: int) -> nodes.Node:
        tick = _filter(nodes.Const(None, lineno=line), TICK, [nodes.Const(_static_chars(body))])
        return nodes.ExprStmt(tick, lineno=line)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """Count the rounds, those that a condition skips as well."""
        tick = self._tick(node.body, node.lineno)
        self.generic_visit(node)
        node.body = [tick, *node.body]
        if node.test is not None:
            counted = _filter(nodes.Const(None, lineno=node.lineno), TICK, [])
            node.test = nodes.And(counted, node.test, lineno=node.lineno)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        """Count the calls."""
        tick = self._tick(node.body, node.lineno)
        self.generic_visit(node)
        node.body = [tick, *node.body]
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        """Count the calls of the caller."""
        tick = self._tick(node.body, node.lineno)
        self.generic_visit(node)
        node.body = [tick, *node.body]
        return node

    def _container(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node, WEIGH, [])

    visit_List = _container
    visit_Dict = _container

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        """Weigh tuples that are values; those that are targets of an assignment stay."""
        if node.ctx != "load":
            return node
        return self._container(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """`~` by our own function."""
        self.generic_visit(node)
        return _filter(node.nodes[0], CONCAT, node.nodes[1:])


def _filter(node: nodes.Expr, name: str, args: list[nodes.Expr]) -> nodes.Filter:
    return nodes.Filter(node, name, args, [], None, None, lineno=node.lineno)


@cache
def environment() -> SandboxEnvironment:
    """The one environment; it holds no state of a rendering."""
    return SandboxEnvironment()


def start(template: Template, variables: Mapping[str, object], meter: Meter) -> Callable[[], str]:
    """Make a rendering ready to run."""
    context = template.new_context({**variables, METER: meter})
    return lambda: "".join(template.root_render_func(context))
