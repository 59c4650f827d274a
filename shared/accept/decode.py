"""Decoding that does not stop at the first mistake: every problem of an object, with its path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Generic,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec

from shared.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T", bound=msgspec.Struct)

# Who sends many thousands where a hundred may stand is told so, and not about each of them.
MAX_MEMBERS: Final = 1000
# What msgspec begins the path with, where it is a member that is wrong and not the whole.
_INSIDE: Final = " - at "
# msgspec says in words which rule a value broke; a caller's program wants a code.
_CODES: Final = (
    (re.compile(r"of length <="), "too_long"),
    (re.compile(r"of length >="), "too_short"),
    (re.compile(r"(matching regex|Invalid RFC3339|timezone)"), "malformed"),
    (re.compile(r"(<=|>=)"), "out_of_range"),
    (re.compile(r"Invalid enum value"), "not_one_of"),
)


@dataclass(frozen=True)
class Decoded(Generic[T]):
    """What could be decoded: `value` lacks the fields that are `broken`, which `problems` say."""

    value: T
    problems: list[Problem]
    broken: frozenset[str]


def decode_fields(
    fields: Mapping[str, Any], into: type[T], *, strict: bool = True, **instead: object
) -> Decoded[T]:
    """The struct that `fields` say, and everything that is wrong with them.

    Where it is not `strict`, numbers and booleans may be written as texts, as in a query.

    A field that is broken is None in the struct, or what `instead` has for it, so that the rules
    between the others can be looked at all the same.
    """
    known = {field.encode_name: field for field in msgspec.structs.fields(into)}
    problems = [
        Problem(_step("$", name), "unknown_field", f"is not a field; these are: {', '.join(known)}")
        for name in fields
        if name not in known
    ]
    values: dict[str, Any] = {}
    broken = set()
    for name, field in known.items():
        found = []
        if name in fields:
            found = list(_problems(fields[name], field.type, _step("$", name), strict=strict))
        elif field.required:
            found = [Problem(_step("$", name), "missing", "is required")]
        if found:
            problems += found
            broken.add(name)
            values[field.name] = instead.get(name)
        elif name in fields:
            values[field.name] = msgspec.convert(fields[name], field.type, strict=strict)
    return Decoded(into(**values), problems, frozenset(broken))


def _problems(
    value: Any,  # noqa: ANN401 - JSON
    of_type: Any,  # noqa: ANN401 - a type expression
    path: str,
    *,
    strict: bool,
) -> Iterator[Problem]:
    """What is wrong with one value; each member of a list or object is looked at by itself."""
    try:
        msgspec.convert(value, of_type, strict=strict)
    except msgspec.ValidationError as error:
        inner = [
            problem
            for member, its_type, at in islice(_members(value, of_type, path), MAX_MEMBERS)
            for problem in _problems(member, its_type, at, strict=strict)
        ]
        if not inner or _INSIDE not in str(error):
            yield _problem(error, path)
        yield from inner


def _members(value: Any, of_type: Any, path: str) -> Iterator[tuple[Any, Any, str]]:  # noqa: ANN401
    """The members of a list or object, each with its type and path."""
    for option in _options(of_type):
        origin, arguments = get_origin(option), get_args(option)
        if origin is list and isinstance(value, list):
            yield from ((member, arguments[0], f"{path}[{i}]") for i, member in enumerate(value))
        if origin is dict and isinstance(value, dict):
            for name, member in value.items():
                yield name, arguments[0], path
                yield member, arguments[1], _step(path, name)


def _options(of_type: Any) -> Iterator[Any]:  # noqa: ANN401 - a type expression
    """The alternatives of a union, without annotations."""
    origin = get_origin(of_type)
    if origin is Annotated:
        yield from _options(get_args(of_type)[0])
    elif origin is None or origin in (list, dict):
        yield of_type
    else:
        for option in get_args(of_type):
            yield from _options(option)


def _problem(error: msgspec.ValidationError, path: str) -> Problem:
    words, _, inside = str(error).partition(_INSIDE)
    inner = inside.strip("`").removeprefix("$") if "..." not in inside else ""
    code = next((code for pattern, code in _CODES if pattern.search(words)), "wrong_type")
    return Problem(path + inner, code, words[:1].lower() + words[1:])


def _step(path: str, name: str) -> str:
    """A path and one name more, quoted where it is no plain word."""
    return f"{path}.{name}" if re.fullmatch(r"\w+", name) else f"{path}[{name!r}]"
