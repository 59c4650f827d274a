"""Routes as ASP.NET writes them: literals, {parameters}, constraints, {optional?}, {*rest}.

https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

PARAMETER = re.compile(r"\{((?:\{\{|\}\}|[^{}])+)\}")
NAME = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>\w+)(?P<constraints>.*?)(?P<optional>\??)", re.DOTALL
)
CONSTRAINT = re.compile(r":(\w+)(?:\(((?:[^()\\]|\\.|\([^()]*\))*)\))?", re.DOTALL)
INTEGER = re.compile(r"\s*[+-]?\d+\s*")
GUID = re.compile(
    r"[0-9a-f]{32}|([{(]?)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[})]?", re.IGNORECASE
)

Constraint = Callable[[str], bool]


def _within(lowest: float, highest: float, value: str) -> bool:
    return bool(INTEGER.fullmatch(value)) and lowest <= int(value) <= highest


def _has_length(shortest: float, longest: float, value: str) -> bool:
    return shortest <= len(value) <= longest


def _matches(expression: re.Pattern[str], value: str) -> bool:
    return bool(expression.search(value))


def _length(lengths: str) -> Constraint:
    shortest, _, longest = lengths.partition(",")
    return partial(_has_length, int(shortest), int(longest or shortest))


def _range(limits: str) -> Constraint:
    lowest, highest = limits.split(",")
    return partial(_within, int(lowest), int(highest))


CONSTRAINTS: dict[str, Callable[[str], Constraint]] = {
    "int": lambda _: partial(_within, -(2**31), 2**31 - 1),
    "long": lambda _: partial(_within, -(2**63), 2**63 - 1),
    "min": lambda lowest: partial(_within, int(lowest), float("inf")),
    "max": lambda highest: partial(_within, float("-inf"), int(highest)),
    "range": _range,
    "length": _length,
    "minlength": lambda shortest: partial(_has_length, int(shortest), float("inf")),
    "maxlength": lambda longest: partial(_has_length, 0, int(longest)),
    "required": lambda _: bool,
    "bool": lambda _: lambda value: value.lower() in ("true", "false"),
    "guid": lambda _: lambda value: bool(GUID.fullmatch(value)),
    "alpha": lambda _: partial(_matches, re.compile(r"^[a-zA-Z]*$")),
    # as in ASP.NET, it may fit anywhere in the value, and case does not count
    "regex": lambda text: partial(_matches, re.compile(text, re.IGNORECASE)),
}


@dataclass(frozen=True)
class RouteTemplate:
    """A compiled route; letter case in its literals does not count."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    constraints: tuple[tuple[str, Constraint], ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the parameters, or None when the decoded `path` does not fit."""
        match = self.pattern.fullmatch(path)
        if not match:
            return None
        pairs = zip(self.names, match.groups(), strict=True)
        values = {name: value for name, value in pairs if value is not None}
        for name, holds in self.constraints:
            if name in values and not holds(values[name]):
                return None
        return values


def compile_route(route: str) -> RouteTemplate:
    """Compile `route`, prefix included.

    Raises:
        ValueError: the route is malformed, or uses a constraint or default that is unknown here.
    """
    names: list[str] = []
    constraints: list[tuple[str, Constraint]] = []
    pattern = ""
    position = 0
    for braces in PARAMETER.finditer(route):
        literal = route[position : braces.start()]
        position = braces.end()
        parameter = NAME.fullmatch(braces[1].replace("{{", "{").replace("}}", "}"))
        if not parameter:
            raise ValueError(f"{braces[0]} is not a route parameter")
        names.append(parameter["name"])
        constraints += [(parameter["name"], c) for c in _read_constraints(parameter["constraints"])]
        pattern += _with_parameter(_literal(literal), parameter)
    pattern += _literal(route[position:])
    if len({name.lower() for name in names}) != len(names):
        raise ValueError(f"{route} names a parameter twice")
    return RouteTemplate(
        re.compile(f"/{pattern}/?", re.IGNORECASE | re.DOTALL), tuple(names), tuple(constraints)
    )


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"{text!r} holds a brace that opens or closes no parameter")
    return re.escape(text)


def _with_parameter(before: str, parameter: re.Match[str]) -> str:
    if not (parameter["optional"] or parameter["stars"]):
        return f"{before}([^/]+)"
    value = "(.*?)" if parameter["stars"] else "([^/]+)"
    if before.endswith("/"):  # without a value, the slash before it goes too
        return f"{before[:-1]}(?:/{value})?"
    return f"{before}(?:{value})?"


def _read_constraints(text: str) -> Iterator[Constraint]:
    position = 0
    while position < len(text):
        match = CONSTRAINT.match(text, position)
        if not match or match[1] not in CONSTRAINTS:
            raise ValueError(f"{text[position:]} is not a route constraint")
        yield CONSTRAINTS[match[1]](match[2] or "")
        position = match.end()
