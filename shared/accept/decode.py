"""Decode an object and find every problem in it, each with its path."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain, islice
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec

from shared.accept.problems import MAX_HINTS, cut_name, suggest_name
from shared.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

T = TypeVar("T", bound=msgspec.Struct)

# Beyond this many members a list is reported as too long, and no further member is named.
MAX_MEMBERS: Final = 1000
# msgspec ends a message with this and a path if a member is wrong and not the whole.
_INSIDE: Final = " - at "
# msgspec takes some times that RFC 3339 does not: offsets without a colon, and Unix times.
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_TIME: Final = "must be a time in RFC 3339 with its offset"
_NAMES: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a time",
}
_DEFAULT_EXAMPLES: Final = {str: "text", int: 1, float: 1.5, bool: True}


@dataclass(frozen=True)
class Decoded(Generic[T]):
    """A decoded object; `value` lacks the `broken` fields, which `problems` explain."""

    value: T
    problems: list[Problem]
    broken: frozenset[str]


def decode_fields(
    fields: Mapping[str, Any],
    into: type[T],
    *,
    strict: bool = True,
    also_known: Collection[str] = (),
    **instead: object,
) -> Decoded[T]:
    """Decode `fields` into a struct, and find everything that is wrong with them.

    Unless `strict`, numbers and booleans may be written as texts, as in a query. `also_known` are
    names that the caller may have meant but that are decoded elsewhere.

    A broken field is None in the struct, or what `instead` has for it, so that the rules between
    the other fields can be checked all the same.
    """
    known = _fields_of(into)
    if fields.keys() <= known.keys() and _has_rfc_times(fields, into):
        with suppress(msgspec.ValidationError):
            return Decoded(msgspec.convert(fields, into, strict=strict), [], frozenset())
    unknown = (name for name in fields if name not in known)
    problems = [*islice(_unknown_fields(unknown, [*known, *also_known]), MAX_MEMBERS)]
    values: dict[str, Any] = {}
    broken = set()
    for name, field in known.items():
        found = []
        if name in fields:
            found = list(_problems(fields[name], field.type, _step("$", name), strict=strict))
        elif field.required:
            found = [Problem(_step("$", name), "missing", f"is required{_example(field.type)}")]
        if found:
            problems += found
            broken.add(name)
            values[field.name] = instead.get(name)
        elif name in fields:
            values[field.name] = msgspec.convert(fields[name], field.type, strict=strict)
    return Decoded(into(**values), problems, frozenset(broken))


def _has_rfc_times(fields: Mapping[str, Any], into: type[msgspec.Struct]) -> bool:
    """Tell whether the times among `fields` are written as RFC 3339 has it."""
    for name in _names_of_times(into):
        time = fields.get(name)
        if isinstance(time, str) and not _RFC_3339.fullmatch(time):
            return False
    return True


@cache
def _names_of_times(into: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(name for name, f in _fields_of(into).items() if datetime in _options(f.type))


@cache
def _fields_of(of_type: type[Any]) -> dict[str, msgspec.structs.FieldInfo]:
    """Return a struct's fields by their names in JSON; reading its annotations takes a while."""
    return {field.encode_name: field for field in msgspec.structs.fields(of_type)}


def _unknown_fields(names: Iterable[str], known: Collection[str]) -> Iterator[Problem]:
    """Name the field that was probably meant; list all of them once only."""
    listed = f"is not a field; the fields are: {', '.join(known)}"
    for number, name in enumerate(names):
        near = suggest_name(name, known) if number < MAX_HINTS else None
        message = f"is not a field; did you mean {near}?" if near else listed
        listed = listed if near else "is not a field"
        yield Problem(_step("$", name), "unknown_field", message)


def _problems(
    value: Any,  # noqa: ANN401 - JSON
    of_type: Any,  # noqa: ANN401 - a type expression
    path: str,
    *,
    strict: bool,
) -> Iterator[Problem]:
    """Find what is wrong with one value; each member of a list or object is checked by itself."""
    if datetime in _options(of_type) and isinstance(value, str) and not _RFC_3339.fullmatch(value):
        yield Problem(path, "malformed", f"{_TIME}{_example(of_type)}")
        return
    try:
        msgspec.convert(value, of_type, strict=strict)
    except msgspec.ValidationError as error:
        inner = [
            problem
            for member, its_type, at in islice(_members(value, of_type, path), MAX_MEMBERS)
            for problem in _problems(member, its_type, at, strict=strict)
        ]
        if not inner or _INSIDE not in str(error):
            yield _problem(error, of_type, path)
        yield from inner


def _members(value: Any, of_type: Any, path: str) -> Iterator[tuple[Any, Any, str]]:  # noqa: ANN401
    """Yield the members of a list or object, each with its type and path."""
    for option in _options(of_type):
        origin, arguments = get_origin(option), get_args(option)
        if origin is list and isinstance(value, list):
            yield from ((member, arguments[0], f"{path}[{i}]") for i, member in enumerate(value))
        if origin is dict and isinstance(value, dict):
            for name, member in value.items():
                yield name, arguments[0], path
                yield member, arguments[1], _step(path, name)


def _options(of_type: Any) -> Iterator[Any]:  # noqa: ANN401 - a type expression
    """Yield the alternatives of a union, without annotations."""
    origin = get_origin(of_type)
    if origin is Annotated:
        yield from _options(get_args(of_type)[0])
    elif origin is None or origin in (list, dict, Literal):
        yield of_type
    else:
        for option in get_args(of_type):
            yield from _options(option)


def _problem(error: msgspec.ValidationError, of_type: Any, path: str) -> Problem:  # noqa: ANN401
    text, _, inside = str(error).partition(_INSIDE)
    inner = inside.strip("`").removeprefix("$") if "..." not in inside else ""
    code, message = _explain(text, of_type)
    return Problem(path + inner, code, message + _example(of_type))


def _explain(text: str, of_type: Any) -> tuple[str, str]:  # noqa: ANN401 - a type expression
    """Return the code and the message for what msgspec says, which speaks of Python's types."""
    unit = "members" if "array" in text or "object" in text else "characters"
    if found := re.search(r"of length (<=|>=) (\d+)", text):
        if found.groups() == (">=", "1"):
            return "too_short", "must not be empty"
        at_most = found[1] == "<="
        few = "at most" if at_most else "at least"
        return ("too_long" if at_most else "too_short"), f"must have {few} {found[2]} {unit}"
    if "RFC3339" in text:
        return "malformed", _TIME
    if "matching regex" in text:
        return "malformed", "does not have the form that Twilio takes"
    if found := re.search(r"(<=|>=) (\S+)$", text):
        return "out_of_range", f"must be at {'most' if found[1] == '<=' else 'least'} {found[2]}"
    if "Invalid enum value" in text:
        allowed = [
            word for o in _options(of_type) if get_origin(o) is Literal for word in get_args(o)
        ]
        return "not_one_of", f"must be one of {', '.join(map(str, allowed))}"
    found = re.search(r"Expected `([^`]*)`(?:, got `([^`]*)`)?", text)
    names = [_NAMES[name] for name in (found[1].split(" | ") if found else ()) if name in _NAMES]
    got = _NAMES.get(found[2] or "", "null") if found else ""
    if not names:
        return "out_of_range", "is out of range"
    return "wrong_type", f"must be {' or '.join(names)}{f', not {got}' if got else ''}"


def _example(of_type: Any) -> str:  # noqa: ANN401 - a type expression
    """Return `, e.g. …` with a value that the type takes."""
    value = next(_examples(of_type), None)
    return "" if value is None else f", e.g. {msgspec.json.encode(value).decode()}"


def _examples(of_type: Any) -> Iterator[Any]:  # noqa: ANN401 - a type expression
    if get_origin(of_type) is Annotated:
        inner, *annotations = get_args(of_type)
        for each in annotations:
            yield from getattr(each, "examples", None) or ()
        yield from _examples(inner)
    elif get_origin(of_type) is Literal:
        yield get_args(of_type)[0]
    elif of_type in _DEFAULT_EXAMPLES:
        yield _DEFAULT_EXAMPLES[of_type]
    else:
        yield from chain.from_iterable(map(_examples, get_args(of_type)))


def _step(path: str, name: str) -> str:
    """Return a path and one more name, cut, and quoted unless it is a plain word."""
    name = cut_name(name)
    return f"{path}.{name}" if re.fullmatch(r"\w+", name) else f"{path}[{name!r}]"
