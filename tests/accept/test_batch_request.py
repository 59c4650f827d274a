"""A batch as it was given becomes one that can be accepted, or every reason why not."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.accept.batch_request import BatchRequest, read_batch
from shared.accept.csv_rows import Row, read_csv_rows
from shared.errors import InvalidRequestError, Problem
from shared.jobs.request import CallRequest
from shared.twiml.call_script import render_call_script
from tests.clock import NOON
from tests.deliver.world import TO, numbers
from tests.environment import settings

HELLO = {"body": "Hello {{name}}"}
OTHERS = numbers(3)


def rows(*given: Mapping[str, Any]) -> list[Row]:
    return [Row(n + 1, f"$.recipients[{n}]", values) for n, values in enumerate(given)]


def read(fields: dict[str, Any], given: Iterable[Row], **changes: Any) -> BatchRequest:  # noqa: ANN401 - settings, and strict
    strict = changes.pop("strict", True)
    return read_batch(fields, given, settings(**changes), NOON, strict=strict)


def refused(
    fields: dict[str, Any],
    given: Iterable[Row],
    **changes: Any,  # noqa: ANN401 - the same
) -> list[tuple[str, str, int | None]]:
    """The path, code and line of every problem."""
    with pytest.raises(InvalidRequestError) as caught:
        read(fields, given, **changes)
    return [(p.path, p.code, p.line) for p in caught.value.problems]


def test_a_batch_is_read() -> None:
    """Each recipient has its line and the values of the texts' placeholders, and no others."""
    batch = read(HELLO, rows({"to": TO, "name": "Ann", "age": 7}))
    assert (batch.kind, batch.receipts, batch.request.lane) == ("message", True, "bulk")
    assert [(r.line, r.to, r.values) for r in batch.recipients] == [(1, TO, {"name": "Ann"})]
    assert (batch.duplicates, batch.skipped) == ([], [])


def test_a_call_is_a_batch_too() -> None:
    """The kind follows from the fields, or is named; the lane may be `now`."""
    batch = read({"say": "Hi {{n}}", "lane": "now"}, rows({"to": TO, "n": 1}))
    assert (batch.kind, batch.request.lane) == ("call", "now")
    batch = read({"kind": "message", "body": "Hi"}, rows({"to": f"whatsapp:{TO}"}))
    assert batch.recipients[0].to == f"whatsapp:{TO}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        (" Ann ", " Ann "),
        (7, "7"),
        (1.0, "1.0"),
        (123456789012345678901, "123456789012345678901"),
        ("=1+1", "=1+1"),
        ("{{name}}", "{{name}}"),
        ("x" * 1594, "x" * 1594),
    ],
)
def test_a_value_is_a_text_or_a_number_as_it_is_written(value: object, text: str) -> None:
    """Numbers are written out, and a text is never computed, trimmed or filled again."""
    batch = read(HELLO, rows({"to": TO, "name": value}))
    assert batch.recipients[0].values == {"name": text}


@pytest.mark.parametrize(
    ("row", "where", "code"),
    [
        ({}, ".to", "missing"),
        ({"to": ""}, ".to", "missing"),
        ({"to": 14155552671}, ".to", "missing"),
        ({"to": "+1415"}, ".to", "invalid_number"),
        ({"to": f" {TO}"}, ".to", "invalid_number"),
        ({"to": "+1 415 555 2671"}, ".to", "invalid_number"),
        ({"to": "1.41556E+10"}, ".to", "invalid_number"),
        ({"to": "telegram:" + TO}, ".to", "invalid_number"),
        ({"to": "+19005551234"}, ".to", "premium_rate"),
        ({"to": TO, "name": None}, ".name", "missing_value"),
        ({"to": TO, "name": True}, ".name", "missing_value"),
        ({"to": TO, "name": ["Ann"]}, ".name", "missing_value"),
        ({"to": TO, "name": "a\x00"}, ".name", "forbidden_character"),
        ({"to": TO, "name": "x" * 4097}, ".name", "too_long"),
        ({"to": TO, "name": "x" * 1595}, "", "too_long"),
    ],
)
def test_a_recipient_that_cannot_be_sent_to_is_named(
    row: dict[str, Any], where: str, code: str
) -> None:
    """Each with its path, its code and its line; the others do not help."""
    row = {"name": "Ann", **row}
    given = rows({"to": OTHERS[0], "name": "Bob"}, row)
    assert refused(HELLO, given) == [(f"$.recipients[1]{where}", code, 2)]
    batch = read({**HELLO, "on_invalid": "skip"}, given)
    assert [p.line for p in batch.skipped] == [2]
    assert [r.to for r in batch.recipients] == [OTHERS[0]]


def test_a_placeholder_without_a_value_is_a_problem_of_each_row() -> None:
    """Every row that lacks it is named, and every name that it lacks."""
    fields = {"body": "{{a}} {{b}}"}
    assert sorted(refused(fields, rows({"to": TO}, {"to": OTHERS[0], "a": "x"}))) == [
        ("$.recipients[0].a", "missing_value", 1),
        ("$.recipients[0].b", "missing_value", 1),
        ("$.recipients[1].b", "missing_value", 2),
    ]


def test_a_row_that_could_not_be_read_is_a_problem_as_well() -> None:
    """A problem of reading a row is reported with everything else."""
    problem = Problem("$", "too_many_cells", "has 3 cells", 9)
    unread = Row(9, "$", {"to": TO, "name": "Ann"}, problem)
    assert refused(HELLO, [unread]) == [("$", "too_many_cells", 9)]


def test_a_country_that_is_not_allowed_is_refused() -> None:
    """ALLOWED_COUNTRIES holds for batches too."""
    given = rows({"to": "+442079460958", "name": "Ann"})
    found = refused(HELLO, given, ALLOWED_COUNTRIES="US")
    assert found == [("$.recipients[0].to", "country_not_allowed", 1)]


def test_a_duplicate_is_sent_once_and_reported() -> None:
    """The first of them counts; the others are named, whatever their values."""
    given = rows(*({"to": to, "name": str(n)} for n, to in enumerate([TO, OTHERS[0], TO, TO])))
    batch = read(HELLO, given)
    assert [(r.to, r.values["name"]) for r in batch.recipients] == [(TO, "0"), (OTHERS[0], "1")]
    assert [(r.line, r.to) for r in batch.duplicates] == [(3, TO), (4, TO)]


def test_nobody_is_left() -> None:
    """Where all are skipped, or there were none, that is said with each one's reason."""
    skip = {**HELLO, "on_invalid": "skip"}
    assert refused(skip, []) == [("$.recipients", "nobody", None)]
    assert refused(skip, rows({"to": "x", "name": "A"}, {"to": "y", "name": "B"})) == [
        ("$.recipients", "nobody", None),
        ("$.recipients[0].to", "invalid_number", 1),
        ("$.recipients[1].to", "invalid_number", 2),
    ]


@pytest.mark.parametrize("fields", [{"body": "{{a}}{{b}}"}, {"say": "{{a}}{{b}}"}])
def test_a_text_that_is_empty_once_it_is_filled_is_refused(fields: dict[str, Any]) -> None:
    """Twilio refuses to send nothing, and a call that says nothing is useless."""
    given = rows({"to": TO, "a": "", "b": ""}, {"to": OTHERS[0], "a": "", "b": "x"})
    assert refused(fields, given) == [("$.recipients[0]", "no_content", 1)]


def test_a_picture_needs_no_text() -> None:
    """With media an empty text is a text."""
    fields = {"body": "{{a}}", "media_url": "https://example.com/a.png"}
    assert read(fields, rows({"to": TO, "a": ""})).recipients


def test_a_templates_variables_are_filled_for_each() -> None:
    """A value in a WhatsApp template belongs to its recipient like any other."""
    fields = {"content_sid": "HX" + "0" * 32, "content_variables": {"1": "{{name}}", "2": "9:00"}}
    batch = read(fields, rows({"to": TO, "name": "x" * 2000}))
    assert batch.recipients[0].values == {"name": "x" * 2000}
    assert refused(fields, rows({"to": TO})) == [("$.recipients[0].name", "missing_value", 1)]
    broken = {**fields, "content_variables": {"1": "{{name}"}}
    assert refused(broken, rows({"to": TO})) == [("$.content_variables.1", "broken_template", None)]


@pytest.mark.parametrize(
    ("fields", "to", "expected"),
    [
        ({"body": "{{v}}"}, [TO, OTHERS[0]], 1 + 2),
        ({"body": "{{v}}"}, [TO, f"whatsapp:{TO}"], 1),
        ({"body": "{{v}}"}, [f"whatsapp:{TO}"], None),
        ({"body": "“{{v}}”"}, [TO, OTHERS[0]], 2 + 4),
        ({"body": "“{{v}}”", "smart_encoded": True}, [TO, OTHERS[0]], 1 + 2),
        ({"body": "{{v}}", "media_url": "https://example.com/a.png"}, [TO], None),
        ({"say": "{{v}}"}, [TO], None),
    ],
)
def test_what_a_batch_costs_is_known(
    fields: dict[str, Any], to: list[str], expected: int | None
) -> None:
    """The segments of each filled text that goes by SMS, together; the first has 100 letters."""
    given = rows(*({"to": each, "v": "x" * 100 * (n + 1)} for n, each in enumerate(to)))
    assert read(fields, given).segments == expected


@pytest.mark.slow
def test_50_001_recipients_are_too_many() -> None:
    """50,000 rows are read, whatever becomes of them, and not one more."""
    skip = {**HELLO, "on_invalid": "skip"}
    many = [Row(n, "$", {}) for n in range(50_000)]
    assert len(refused(skip, many)) == 1001
    assert refused(skip, [*many, many[0]]) == [("$.recipients", "too_many", None)]
    assert refused({**skip, "boby": 1}, [*many, many[0]]) == [
        ("$.boby", "unknown_field", None),
        ("$.recipients", "too_many", None),
    ]


def test_what_is_filled_is_measured() -> None:
    """A text's length is that of each recipient's own, placeholders and all."""
    fields = {"body": "x" * 1590 + "{{first_name}}"}
    assert read(fields, rows({"to": TO, "first_name": "Bo"})).recipients
    assert refused(fields, rows({"to": TO, "first_name": "B" * 11})) == [
        ("$.recipients[0]", "too_long", 1)
    ]
    assert refused({"body": "x" * 1601 + "{{n}}"}, rows({"to": TO, "n": "Bo"})) == [
        ("$.body", "too_long", None)
    ]


@pytest.mark.parametrize("letter", ["x", "é", "&", "<", "\r", "\N{WAVING HAND SIGN}"])
def test_what_a_call_says_to_one_is_measured(letter: str) -> None:
    """A filled `say` makes at most 64 KiB of TwiML; one that is too long names its line."""
    names = [f"v{n}" for n in range(16)]
    fields = {"say": " ".join(f"{{{{{name}}}}}" for name in names), "voice": "alice"}
    each = 63_000 // 16 // len(letter.encode())
    for value in (letter * (each // 6), letter * min(each + 100, 4096)):
        request = CallRequest(to=TO, say=" ".join([value] * 16), voice="alice")
        given = rows({"to": OTHERS[0], **dict.fromkeys(names, "x")},
                     {"to": TO, **dict.fromkeys(names, value)})  # fmt: skip
        try:
            render_call_script(request)
        except InvalidRequestError:
            found = refused(fields, given)
            assert found[0][::2] == ("$.recipients[1]", 2)
        else:
            with suppress(InvalidRequestError):
                assert len(read(fields, given).recipients) == 2


def test_one_recipient_whose_call_is_too_long_is_refused_alone() -> None:
    """The hundred others are called."""
    fields = {"say": "{{a}}" * 20, "on_invalid": "skip"}
    given = rows({"to": TO, "a": "&" * 4000}, {"to": OTHERS[0], "a": "Hello"})
    batch = read(fields, given)
    assert [r.to for r in batch.recipients] == [OTHERS[0]]
    assert [(p.code, p.line) for p in batch.skipped] == [("too_long", 1)]
    assert refused({"say": "&" * 14_000 + "{{a}}"}, rows({"to": TO, "a": "x"})) == [
        ("$.say", "too_long", None)
    ]


def test_a_missing_column_is_one_problem() -> None:
    """A placeholder that no column fills is named once, with the column that was meant."""
    body = f"to,nome,b\n{TO},Ann,\n{OTHERS[0]},Bob,x\n".encode()
    with pytest.raises(InvalidRequestError) as caught:
        read({"body": "{{name}} {{other}} {{b}}"}, read_csv_rows(body))
    assert [(p.path, p.code, p.line) for p in caught.value.problems] == [
        ("$.name", "missing_value", 1), ("$.other", "missing_value", 1), ("$.b", "missing_value", 2)
    ]  # fmt: skip
    first, second, _ = caught.value.problems
    assert "did you mean nome?" in first.message
    assert "given are: to, nome, b" in second.message


def test_a_row_says_which_name_was_meant() -> None:
    """The near miss among the names of a recipient is in the message."""
    with pytest.raises(InvalidRequestError) as caught:
        read(HELLO, rows({"to": TO, "nmae": "Ann"}))
    assert "did you mean nmae?" in caught.value.problems[0].message


def test_a_csv_that_cannot_be_read_says_so_with_everything_else() -> None:
    """Problems of the header are reported beside those of the fields."""
    assert refused({"body": "Hi", "boby": 1}, read_csv_rows(b"phone\n+1\n")) == [
        ("$.boby", "unknown_field", None),
        ("$", "no_to_column", 1),
    ]


def test_a_batch_has_a_name_and_says_what_was_assumed() -> None:
    """Both are there for the receipt; JSON rows assume nothing."""
    batch = read({"body": "Hi", "name": "Spring"}, read_csv_rows(f"to;a\n{TO};b\n".encode()))
    assert (batch.name, batch.assumed) == ("Spring", ("semicolons between columns",))
    assert read({"body": "Hi"}, rows({"to": TO})).assumed == ()
    assert refused({"body": "Hi", "name": ""}, rows({"to": TO})) == [("$.name", "too_short", None)]


def test_a_recipient_on_another_channel_than_the_sender_is_named() -> None:
    """A sender that is named sends on its own channel; WhatsApp numbers are taken as written."""
    given = rows({"to": TO}, {"to": "whatsapp:+5215512345678"}, {"to": f"rcs:{OTHERS[0]}"})
    assert refused({"body": "Hi", "from": "+15005550006"}, given) == [
        ("$.from", "channel_mismatch", 2)
    ]
    assert len(read({"body": "Hi"}, given).recipients) == 3


def test_a_text_has_a_limited_number_of_placeholders() -> None:
    """Three hundred are filled; more would be asked of each of 50,000 recipients."""
    names = [f"a{n}" for n in range(301)]
    fields = {"say": "".join(f"{{{{{name}}}}}" for name in names)}
    row = {"to": TO, **dict.fromkeys(names, "x")}
    assert refused(fields, rows(row)) == [("$", "too_many_placeholders", None)]
    fields = {"say": "".join(f"{{{{{name}}}}}" for name in names[:300])}
    assert read(fields, rows(row)).recipients


def test_near_misses_are_looked_for_a_hundred_times() -> None:
    """The first of many rows say what was probably meant; the others only what is missing."""
    with pytest.raises(InvalidRequestError) as caught:
        read(HELLO, [Row(n, "$", {"to": TO, "nmae": "x"}) for n in range(1, 201)])
    hints = ["did you mean nmae?" in problem.message for problem in caught.value.problems]
    assert hints == [True] * 100 + [False] * 100


def test_only_the_first_thousand_problems_are_listed() -> None:
    """Rows that are left out are all counted, and what is said of them comes to an end."""
    many = [Row(n, "$", {"to": "x"}) for n in range(1, 1502)]
    batch = read({"body": "Hi", "on_invalid": "skip"}, [*many, *rows({"to": TO})])
    assert (len(batch.skipped), batch.skipped_count) == (1001, 1501)
    assert batch.skipped[-1].code == "more_problems"
    names = [f"a{n}" for n in range(300)]
    lacking = {"body": "".join(f"{{{{{name}}}}}" for name in names)}
    assert len(refused(lacking, [Row(n, "$", {"to": TO}) for n in range(1, 1502)])) == 1001
    found = refused({"body": "Hi"}, many)
    assert (len(found), found[-1]) == (1001, ("$", "more_problems", None))


def test_a_reserved_number_passes_in_the_simulated_run_only() -> None:
    """The numbers of films and examples go no further than the simulator."""
    given = rows({"to": "+447700900123"})
    assert read({"body": "Hi"}, given).recipients
    found = refused({"body": "Hi"}, given, TWILIO_API_BASE_URL="https://api.twilio.com")
    assert found == [("$.recipients[0].to", "invalid_number", 1)]


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({}, [("$.kind", "not_one_of")]),
        ({"kind": "fax", "body": "Hi"}, [("$.kind", "not_one_of")]),
        ({"kind": 1, "on_invalid": 1, "receipts": "x"},
         [("$.on_invalid", "wrong_type"), ("$.receipts", "wrong_type"), ("$.kind", "not_one_of")]),
        ({"body": "Hi", "on_invalid": "ignore"}, [("$.on_invalid", "not_one_of")]),
        ({"body": "Hi", "to": TO}, [("$.to", "unknown_field")]),
        ({"body": "Hi", "boby": 1}, [("$.boby", "unknown_field")]),
        ({"body": "Hi", "lane": "fast"}, [("$.lane", "not_one_of")]),
        ({"kind": "message"}, [("$", "no_content")]),
        ({"body": "Hi {{na me}}"}, [("$.body", "broken_template")]),
        ({"body": "x" * 1601}, [("$.body", "too_long")]),
        ({"body": "Hi", "from": "+1"}, [("$.from", "invalid_number")]),
        ({"body": "", "send_at": "2026-11-21T11:00:00Z"},
         [("$", "no_content"), ("$.send_at", "in_the_past")]),
        ({"say": "x" * 49_000}, [("$", "too_large")]),
    ],
)  # fmt: skip
def test_problems_of_the_template_are_reported_once(
    fields: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    """Problems of the fields come with their paths and without a line."""
    found = refused(fields, rows({"to": TO}))
    assert found == [(path, code, None) for path, code in problems]


def test_a_past_time_is_checked_once_the_key_is_known() -> None:
    """A batch whose only problem is its time is read: it may be the repeat of one that was not."""
    past = (NOON - timedelta(hours=1)).isoformat()
    assert read({"body": "Hi", "send_at": past}, rows({"to": TO})).recipients


def test_values_that_no_job_can_carry_are_refused() -> None:
    """A recipient must fit on the queue by itself, however its values are written."""
    names = [f"v{n}" for n in range(12)]
    fields = {"say": " ".join(f"{{{{{name}}}}}" for name in names)}
    fits = dict.fromkeys(names, "é" * 1900)
    given = rows({"to": TO, **fits}, {"to": OTHERS[0], **dict.fromkeys(names, "é" * 2100)})
    assert refused(fields, given) == [("$.recipients[1]", "too_large", 2)]


def test_a_query_writes_numbers_and_booleans_as_texts() -> None:
    """Where it is not strict, as for a CSV's query, `false` is a boolean."""
    fields = {"body": "Hi", "receipts": "false", "validity_period": "60", "kind": "message"}
    assert not read(fields, rows({"to": TO}), strict=False).receipts
    assert refused(fields, rows({"to": TO})) == [
        ("$.receipts", "wrong_type", None),
        ("$.validity_period", "wrong_type", None),
    ]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("steps", {"steps": [{"say": "Hello {{name}}"}]}),
        ("media_url", {"body": "Hi", "media_url": "https://example.com/{{name}}.png"}),
        ("metadata", {"body": "Hi", "metadata": {"who": "{{name}}"}}),
    ],
)
def test_a_placeholder_where_none_is_filled_is_refused(name: str, fields: dict[str, Any]) -> None:
    """A text that would be sent with its braces is refused by its field."""
    with pytest.raises(InvalidRequestError) as caught:
        read_batch(fields, [Row(1, "$.recipients[0]", {"to": TO})], settings(), NOON)
    assert [(p.path, p.code) for p in caught.value.problems] == [(f"$.{name}", "no_placeholders")]
