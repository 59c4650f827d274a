"""A batch from a CSV file, the export of failures, and the modules behind them."""

import csv
import io
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from shared.accept.csv_rows import read_csv_rows
from shared.jobs.segments import count_segments
from tests.console.history import FAILURES
from tests.console.running_console import RunningConsole

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

LIST = """Name;Phone;Due
Ada;+1 415 555 3301;Monday
Bo;415-555-3302;Tuesday

"Cy
Clark";+14155553303;
Di;+14155553304;Friday
Di again;+14155553304;Friday
Ed;+14155553305;[]{}~^|
"""


async def upload(page: Page, text: bytes) -> Locator:
    form = page.get_by_role("form", name="Batch from a CSV file")
    file = FilePayload(name="list.csv", mimeType="text/csv", buffer=text)
    await form.get_by_label("File", exact=True).set_input_files(file)
    return form


async def test_a_batch_is_sent_from_a_file(console: RunningConsole, page: Page) -> None:
    """Columns are recognised, three texts shown with segments, bad lines named; then it is sent."""
    await console.open(page, "send")
    form = await upload(page, LIST.encode())
    await expect(form.get_by_label("Column with the numbers")).to_have_value("1")
    await form.get_by_label("What it says").fill("{{nome}}, your bill is due")
    await expect(form).to_contain_text("The text names {{nome}}, which is not a column.")
    await expect(form.get_by_role("button", name="Send to 0…")).to_be_disabled()
    await form.get_by_label("What it says").fill("{{Name}}, your bill is due on {{ Due }}")
    texts = form.locator(".preview li")
    await expect(texts).to_have_count(3)
    await expect(texts.first.locator("p")).to_have_text(
        ["Line 2 · +1415•••3301show · 1 segment", "Ada, your bill is due on Monday"]
    )
    await expect(form).to_contain_text("Columns: Name, Phone, Due. 6 rows, of which 4 can be sent")
    await expect(form.locator(".plain li")).to_have_text([
        "Line 3: the number needs its country code, e.g. +14155552671",
        "Line 5: needs a value for {{Due}}",
    ])  # fmt: skip
    await form.get_by_role("button", name="Send to 4…").click()
    dialog = page.get_by_role("dialog", name="Send 4 messages?")
    await expect(dialog).to_contain_text("2 rows left out")
    await dialog.get_by_role("button", name="Send 4 messages").click()
    notices = page.get_by_role("region", name="Notices")
    await expect(notices).to_contain_text("3 messages accepted, 3 segments")
    await expect(notices).to_contain_text("1 row left out: the number is there twice (line 8)")
    await notices.get_by_role("link", name="follow it").click()
    panel = page.get_by_role("region", name="Details")
    await expect(panel).to_contain_text("All 3 done")


async def test_what_only_the_app_can_tell_is_told_with_its_line(
    console: RunningConsole, page: Page
) -> None:
    """A number that looks right and is not is left out by the app, and the notice says why."""
    await console.open(page, "send")
    form = await upload(page, b"to\n+14155553311\n\n+999123456789\n")
    await form.get_by_role("button", name="Send to 2…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Send 2 messages").click()
    notices = page.get_by_role("region", name="Notices")
    await expect(notices).to_contain_text("1 message accepted")
    await expect(notices).to_contain_text("Line 4 left out:")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("to,name\n+14155553311,Zoë\n".encode("cp1252"), "not UTF-8 (perhaps Windows-1252)"),
        (b"to,name\n", "needs a header row and at least one recipient"),
        (b'to,name\n+14155553311,"Ada\n', "begins on line 2 is never closed"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(
    console: RunningConsole, page: Page, content: bytes, problem: str
) -> None:
    """What is wrong with the file stands beside it, and nothing can be sent."""
    await console.open(page, "send")
    form = await upload(page, content)
    await expect(form.get_by_role("alert")).to_contain_text(problem)
    await expect(form.get_by_role("button", name="Send")).to_have_count(0)
    await upload(page, b"to\n+14155553311\n")
    await expect(form.get_by_role("alert")).to_have_text("")
    await expect(form.get_by_role("button", name="Send to 1…")).to_be_visible()


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode("utf-16"),
        LIST.encode("utf-8-sig"),
        LIST.replace(";", "\t").encode(),
        ("sep=;\n" + LIST).encode(),
        LIST.replace("\n", "\r\n").encode(),
    ],
    ids=["utf-16", "bom", "tabs", "sep", "crlf"],
)
async def test_files_as_programs_write_them(
    console: RunningConsole, page: Page, content: bytes
) -> None:
    """Encodings, separators and line ends of spreadsheets make no difference."""
    await console.open(page, "send")
    form = await upload(page, content)
    await expect(form).to_contain_text("Columns: Name, Phone, Due. 6 rows, of which 5 can be sent")


async def test_lines_stay_what_they_were(console: RunningConsole, page: Page) -> None:
    """The CSV that the app gets has every row on its line of the file, quoted as it must be."""
    await console.open(page, "send")
    rows = [
        '+14155553311,"a ""b"", c"',
        '+14155553312,"two\r\nlines"',
        ",",
        "",
        "+14155553313,=1+1",
    ]
    file = "\r\n".join(["to,note", "", *rows])
    text = await page.evaluate(
        """async ([url, file]) => {
            const { parse, write } = await import(url);
            const { columns, rows } = parse(file);
            return write(columns, rows);
        }""",
        [f"{console.app}/console/csv.js", file],
    )
    read = [(row.line, dict(row.values)) for row in read_csv_rows(text.encode())]
    assert read == [(row.line, dict(row.values)) for row in read_csv_rows(file.encode())]
    assert [line for line, _ in read] == [3, 4, 8]


TEXTS = [
    "", "a" * 160, "a" * 161, "a" * 306, "a" * 307, "]" * 80, "]" * 81, "]" * 153, "€" + "a" * 159,
    "a" * 152 + "€" + "a" * 152, "Zoë", "ж" * 70, "ж" * 71, "😀" * 35, "😀" * 36, "ж" * 66 + "😀",
    "`" * 160, "line\nline\r\n" * 16, "ç" * 70, "Ç" * 160,
]  # fmt: skip


async def test_segments_are_counted_as_the_app_counts(console: RunningConsole, page: Page) -> None:
    """The preview and the app agree on every kind of text."""
    await console.open(page, "send")
    counted = await page.evaluate(
        "async ([url, texts]) => texts.map((await import(url)).segments)",
        [f"{console.app}/console/segments.js", TEXTS],
    )
    assert counted == [count_segments(text).count for text in TEXTS]


async def test_failures_are_exported(console: RunningConsole, page: Page, tmp_path: Path) -> None:
    """Every failure of the hour is in the file, whole, with its meaning and what to do."""
    await console.open(page, "failures")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Export as CSV").click()
    download = await saved.value
    assert download.suggested_filename.startswith("failures-")
    await download.save_as(tmp_path / "failures.csv")
    text = (tmp_path / "failures.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    codes = [row["code"] for row in rows]
    assert {code: codes.count(code) for code in ("30007", "30003")} == {
        code: FAILURES[code] for code in ("30007", "30003")
    }
    filtered = next(row for row in rows if row["code"] == "30007")
    assert filtered["to"].startswith("+1415555")
    assert filtered["meaning"] == "a carrier filtered it as unwanted"
    assert filtered["status"] == "Not delivered"
    await expect(page.get_by_role("region", name="Notices")).to_contain_text(
        f"{len(rows)} failures exported"
    )


async def test_a_spreadsheet_runs_nothing(console: RunningConsole, page: Page) -> None:
    """What begins like a formula is kept a text; a number keeps its plus."""
    await console.open(page, "send")
    text = await page.evaluate(
        "async ([url, rows]) => (await import(url)).spreadsheet(rows)",
        [
            f"{console.app}/console/csv.js",
            [["=1+1", "+14155552671", "+1+cmd", "-2", "@x", None, 3]],
        ],
    )
    assert text == "'=1+1,+14155552671,'+1+cmd,'-2,'@x,,3"
