"""Recipients in CSV, as spreadsheets and programs write it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.accept.csv_rows import read_csv_rows
from shared.errors import InvalidRequestError

TO = "+14155552671"


def read(text: str | bytes) -> list[tuple[int, dict[str, str]]]:
    body = text if isinstance(text, bytes) else text.encode()
    return [(row.line, dict(row.values)) for row in read_csv_rows(body)]


@pytest.mark.parametrize(
    "text",
    [
        f"to,name\n{TO},Ann\n",
        f"to,name\r\n{TO},Ann",
        f"to,name\r{TO},Ann\r",
        f"\ufeffto,name\r\n{TO},Ann\r\n",
        f'"to","name"\n"{TO}","Ann"\n',
        f"name, to \nAnn,{TO}\n",
    ],
    ids=["LF", "CRLF", "CR", "byte-order mark", "quotes", "other order, spaces in the header"],
)
def test_every_way_of_writing_it_gives_the_same_row(text: str) -> None:
    """Line ends, a byte-order mark, quotes and the order of columns change nothing."""
    assert read(text) == [(2, {"to": TO, "name": "Ann"})]


@pytest.mark.parametrize(
    ("body", "line", "assumed"),
    [
        (f"to,name\n{TO},Ann\n".encode(), 2, []),
        (f"to;name\r\n{TO};Ann\r\n".encode(), 2, ["semicolons between columns"]),
        (f"to\tname\n{TO}\tAnn\n".encode(), 2, ["tabs between columns"]),
        (f'"name";"to"\n"Ann";"{TO}"\n'.encode(), 2, ["semicolons between columns"]),
        (f"sep=;\r\nto;name\r\n{TO};Ann\r\n".encode(), 3, ["sep=;"]),
        (f"sep=|\nto|name\n{TO}|Ann".encode(), 3, ["sep=|"]),
        (f"\ufeffto,name\n{TO},Ann\n".encode(), 2, ["UTF-8 with a byte-order mark"]),
        (f"to\tname\n{TO}\tAnn\n".encode("utf-16"), 2, ["UTF-16", "tabs between columns"]),
        (b"\xfe\xff" + f"to,name\n{TO},Ann\n".encode("utf-16-be"), 2, ["UTF-16"]),
    ],
)
def test_csv_is_taken_as_people_have_it(body: bytes, line: int, assumed: list[str]) -> None:
    """Other separators and encodings are read, and what was assumed is said."""
    rows = read_csv_rows(body)
    assert [(r.line, dict(r.values)) for r in rows] == [(line, {"to": TO, "name": "Ann"})]
    assert rows.assumed == assumed


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)] * 2),
        max_size=5,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_what_is_read(rows: list[tuple[str, str]], end: str) -> None:
    """Quotes, commas and line breaks in a cell come through, each row by its first line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("to", "b"), *rows])
    found = read(text.getvalue().encode())
    assert [tuple(values.values()) for _, values in found] == rows


def test_a_row_is_named_by_the_line_that_it_begins_on() -> None:
    """Quoted line breaks and blank lines count as the lines that an editor shows."""
    text = f'to,text\n{TO},"one\ntwo\r\nthree"\n\n,\n{TO},four\n,,,\n'
    assert read(text) == [
        (2, {"to": TO, "text": "one\ntwo\r\nthree"}),
        (7, {"to": TO, "text": "four"}),
    ]


def test_a_formula_is_a_text() -> None:
    """A formula is sent as it is written."""
    text = f'to,a\n{TO},"=HYPERLINK(""https://x"")"\n{TO},+1+1\n{TO},@SUM(A1)\n'
    values = [row["a"] for _, row in read(text)]
    assert values == ['=HYPERLINK("https://x")', "+1+1", "@SUM(A1)"]


def test_a_short_row_lacks_its_last_cells() -> None:
    """Cells that are not there are not there, rather than empty."""
    assert read(f"to,a,b\n{TO},x\n") == [(2, {"to": TO, "a": "x"})]


def test_an_empty_cell_is_no_value() -> None:
    """A placeholder is not filled with nothing because a column has a gap."""
    assert read(f'to,a,b\n{TO},,"x"\n{TO},""," "\n') == [
        (2, {"to": TO, "b": "x"}),
        (3, {"to": TO, "b": " "}),
    ]


def test_columns_without_a_name_do_not_matter() -> None:
    """Spreadsheets leave empty columns at the end."""
    assert read(f"to,a,,\n{TO},x,,\n")[0][1]["a"] == "x"


def test_a_cell_may_be_as_long_as_the_body() -> None:
    """A cell of 1 MB is read; whether it may be that long is for its column to say."""
    assert len(read(f"to,a\n{TO},{'x' * 1_000_000}\n")[0][1]["a"]) == 1_000_000


def test_a_header_is_read_in_one_pass() -> None:
    """A header of 100 KB that names one column over and over is refused, by that name once."""
    header = ",".join(["to", *["a"] * 299])
    with pytest.raises(InvalidRequestError) as caught:
        read(f"{header}\n")
    assert caught.value.problems[0].message.startswith("the header names a twice")
    with pytest.raises(InvalidRequestError) as caught:
        read(f"to,{'a,' * 50_000}b\n")
    assert [(p.code, p.line) for p in caught.value.problems] == [("too_many_columns", 1)]
    assert len(caught.value.problems[0].message) < 100


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (f"To,name\n{TO},Ann\n".encode(), "rename To to to"),
        (f"phone\n{TO}\n".encode(), "it has phone"),
        (f"to,name{TO},Ann".encode(), "use --data-binary"),
        (f"phone{TO}".encode(), "use --data-binary"),
        ("to,name\n+1,Jörg\n".encode("cp1252"), "Windows-1252"),
        (b'to,a\n+1,x\n+2,"y"z\n', "check the quotes"),
        (",".join(["to", *(f"c{n}" for n in range(20)) , *(f"c{n}" for n in range(20))]).encode()
         + b"\n", "and 10 more"),
    ],
)  # fmt: skip
def test_a_mistake_comes_with_what_to_do(body: bytes, hint: str) -> None:
    """The problem of a whole file says how to fix it."""
    with pytest.raises(InvalidRequestError) as caught:
        read(body)
    assert hint in caught.value.problems[0].message


def test_a_row_with_too_many_cells_is_named() -> None:
    """An unquoted comma is a problem of its row, and the rows after it are read."""
    rows = list(read_csv_rows(f"to,a\n{TO},x,y\n{TO},z\n".encode()))
    assert [row.problem and (row.problem.code, row.problem.line) for row in rows] == [
        ("too_many_cells", 2),
        None,
    ]


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b"", "no_to_column", 1),
        (b"\n", "no_to_column", 1),
        (b"name\nAnn\n", "no_to_column", 1),
        (b"To,name\n+1,Ann\n", "no_to_column", 1),
        (b"to|name\n+1|Ann\n", "no_to_column", 1),
        (b"sep=;\nname;a\n", "no_to_column", 2),
        (b"to,name+14155552671,Ann+14155550100,Bob", "one_line", 1),
        (b"name+14155552671", "no_to_column", 1),
        (("to," + ",".join(f"c{n}" for n in range(300))).encode(), "too_many_columns", 1),
        (b"to,a,a\n", "duplicate_column", 1),
        (b"to,to\n", "duplicate_column", 1),
        (b"to\n+1\n\xff\xfe\n", "not_text", 3),
        (b"\xff\xfet\x00o\x00\n\x00+", "not_text", 2),
        (b'to,a\n+1,"x\n+2,y\n+3,z\n', "not_csv", 2),
        (b'to,a\n+1,x\n+2,"y"z\n', "not_csv", 3),
    ],
)
def test_what_makes_the_rest_unreadable_is_refused_with_its_line(
    body: bytes, code: str, line: int
) -> None:
    """A header without `to`, bytes that are not text, and quotes that do not end."""
    with pytest.raises(InvalidRequestError) as caught:
        read(body)
    assert [(p.code, p.line) for p in caught.value.problems] == [(code, line)]
