"""One contract for the table, which the one in memory and the one on Azurite both keep."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableClient
from yarl import URL

from dev.azurite import connection_string
from dev.chaos.storage_proxy import StorageProxy
from dev.ports import HOST
from shared.errors import StorageUnavailableError
from shared.storage.azure_table import open_table
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row, Table, after_prefix, just_after
from tests.environment import settings
from tests.storage_away import (
    BY_IDENTITY,
    Identity,
    Refusing,
    TokenAskedError,
    UnluckyOnce,
    closed,
    nobody,
    silent,
)

EMOJI = "\N{GRINNING FACE}"


@pytest.fixture(params=["memory", pytest.param("table", marks=pytest.mark.slow)])
async def table(request: pytest.FixtureRequest) -> AsyncIterator[Table]:
    """An empty table; the real one is not even created yet."""
    if request.param == "memory":
        yield MemoryTable()
        return
    storage = request.getfixturevalue("storage")
    table = open_table(settings(MESSAGE_STORAGE=storage), f"t{uuid4().hex}", nobody)
    yield table
    await table.close()


async def keys(table: Table, partition: str, *between: str, page: int = 1000) -> list[str]:
    return [row.key async for row in table.range(partition, *between, page=page)]


async def filled(table: Table, *places: str) -> None:
    """Insert rows named `partition/key`."""
    for place in places:
        partition, _, key = place.partition("/")
        assert await table.insert(Row(partition, key, f"text of {place}"))


async def test_first_row_of_a_name_stands(table: Table) -> None:
    """An insert under a name that is taken says so and changes nothing."""
    assert await table.insert(Row("p", "k", "first"))
    assert not await table.insert(Row("p", "k", "second"))
    assert await table.insert(Row("q", "k", "elsewhere"))
    assert [row async for row in table.range("p")] == [Row("p", "k", "first")]


async def test_rows_come_in_order_of_their_keys(table: Table) -> None:
    """Reading gives one partition's rows by key, byte by byte, whatever order they came in."""
    await filled(table, "p/b", "p/a.1", "p/B", "p/a", "q/a", "p/1", "p/~")
    assert await keys(table, "p") == ["1", "B", "a", "a.1", "b", "~"]


async def test_a_range_begins_with_its_first_and_ends_before_its_last(table: Table) -> None:
    """`first` is in a range and `last` is not, and either may name a row that is not there."""
    await filled(table, "p/a.1", "p/a.2", "p/ab", "p/b")
    assert await keys(table, "p", "a.1", "a/") == ["a.1", "a.2"]
    assert await keys(table, "p", "a.2", "ab") == ["a.2"]
    assert await keys(table, "p", "a.10") == ["a.2", "ab", "b"]
    assert await keys(table, "p", "c") == []
    assert await keys(table, "nobody") == []


async def test_a_row_is_got_by_its_name(table: Table) -> None:
    """One row is read by partition and key; one that is missing is None."""
    assert await table.get("p", "k") is None
    await filled(table, "p/k", "p/k.1")
    assert await table.get("p", "k") == "text of p/k"
    assert await table.get("p", "x") is None
    assert await table.get("q", "k") is None


async def test_a_prefix_holds_every_key_that_begins_with_it(table: Table) -> None:
    """The rows whose keys begin with a text come by key, and no others, page by page."""
    await filled(table, "p/a", "p/a.", "p/a.1", "p/a.z~\N{GRINNING FACE}", "p/a0", "p/b", "q/a.1")
    found = [row.key async for row in table.prefix("p", "a.", page=2)]
    assert found == ["a.", "a.1", "a.z~\N{GRINNING FACE}"]
    assert [row.key async for row in table.prefix("nobody", "a")] == []


async def test_a_transaction_inserts_a_row_and_puts_those_beside_it(table: Table) -> None:
    """The first row decides: where it is new all are written, where it is not none is."""
    assert await table.transaction(Row("p", "k", "1"), [Row("p", "x", "old"), Row("p", "y", "")])
    assert await table.transaction(Row("p", "k2", "2"), [Row("p", "x", "new")])
    assert not await table.transaction(Row("p", "k", "3"), [Row("p", "x", "3"), Row("p", "z", "")])
    assert await table.transaction(Row("p", "k3", "alone"), [])
    assert [(row.key, row.text) async for row in table.range("p")] == [
        ("k", "1"), ("k2", "2"), ("k3", "alone"), ("x", "new"), ("y", ""),
    ]  # fmt: skip


async def test_a_transaction_of_more_than_a_hundred_rows(table: Table) -> None:
    """A row with a hundred, or 250, beside it is written with all of them."""
    for count in (99, 100, 250):
        beside = [Row(f"p{count}", f"x{number:03}", "") for number in range(count)]
        assert await table.transaction(Row(f"p{count}", "k", ""), beside)
        assert len(await keys(table, f"p{count}")) == count + 1


async def test_a_row_is_replaced_where_there_is_one(table: Table) -> None:
    """Another text takes the place of a row's text; a row that is missing stays missing."""
    assert not await table.replace(Row("p", "k", "none"))
    await filled(table, "p/k", "p/l")
    long = "x" * 20_000
    assert await table.replace(Row("p", "k", long))
    assert await table.replace(Row("p", "k", "short"))
    assert not await table.replace(Row("p", "m", "none"))
    assert [row.text async for row in table.range("p")] == ["short", "text of p/l"]


async def test_pages_are_read_to_the_end(table: Table) -> None:
    """More rows than fit a page come all, each once, in order."""
    names = [f"{number:02}" for number in range(7)]
    await filled(table, *(f"p/{name}" for name in names))
    assert await keys(table, "p", page=3) == names


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # it is large
@pytest.mark.parametrize(
    "text",
    ["", "x" * 16_000, "x" * 16_001, "ä" * 400_000, EMOJI * 50_000, "\x00\r\n<&'\"\\", " a "],
    ids=["empty", "one chunk", "two chunks", "longest", "emoji", "awkward", "blanks"],
)
async def test_a_text_comes_back_as_it_was(table: Table, text: str) -> None:
    """Texts of any kind and up to 400,000 characters are kept to the letter."""
    await table.insert(Row("p", "k", text))
    assert [row.text async for row in table.range("p")] == [text]


async def test_names_may_hold_quotes(table: Table) -> None:
    """A quote in a name is a quote, and no way out of the query."""
    await filled(table, "o'p/it's", "o'p/x' or '1' eq '1", "q/a")
    assert await keys(table, "o'p", "it's", just_after("it's")) == ["it's"]
    assert await table.get("o'p", "it's") == "text of o'p/it's"
    assert await table.next_partition("o'") == "o'p"


async def test_partitions_are_found_in_order(table: Table) -> None:
    """The next partition is the first with rows at or after a name, or none."""
    assert await table.next_partition("") is None
    await filled(table, "c/1", "a/1", "a/2", "b/1")
    assert await table.next_partition("") == "a"
    assert await table.next_partition("a") == "a"
    assert await table.next_partition(just_after("a")) == "b"
    assert await table.next_partition(after_prefix("a")) == "b"
    assert await table.next_partition("d") is None


async def test_deleted_rows_are_gone(table: Table) -> None:
    """Deleting takes the named rows, more than a transaction's hundred too, and only those."""
    await filled(table, *(f"p/{number:03}" for number in range(103)), "q/000")
    await table.delete("p", [f"{number:03}" for number in range(102)])
    assert await keys(table, "p") == ["102"]
    assert await keys(table, "q") == ["000"]
    await table.delete("p", ["102"])
    assert await table.next_partition("") == "q"
    assert await table.insert(Row("p", "102", "again"))


async def test_deleting_what_is_gone_does_not_matter(table: Table) -> None:
    """Rows, a partition and a table that are missing are deleted without a word."""
    await table.delete("p", ["a", "b"])
    await filled(table, "p/a", "p/c", "q/a")
    await table.delete("p", ["a", "b", "c"])
    await table.delete("p", [])
    await table.delete("nobody", ["a"])
    assert await table.next_partition("") == "q"


async def test_check_makes_the_table_usable(table: Table) -> None:
    """A check of a table that is missing creates it and has nothing to complain of."""
    await table.check()
    await table.check()
    assert await table.insert(Row("p", "k", ""))


async def steps_with(table: Table) -> list[str]:
    """What each step says of a table that does not answer."""

    async def read() -> None:
        await keys(table, "p")

    said = []
    row = Row("p", "k", "")
    steps = (table.get("p", "k"), read(), table.next_partition(), table.insert(row),
             table.transaction(row, [Row("p", "l", "")]), table.replace(row),
             table.delete("p", ["k"]), table.check())  # fmt: skip
    for step in steps:
        with pytest.raises(StorageUnavailableError) as error:
            await step
        said.append(str(error.value))
    return said


async def test_an_outage_is_noticed_within_six_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step raises StorageUnavailableError where nobody listens, and names no secret.

    All waits between the repeats of one come to less than accepting may take.
    """
    waits: list[float] = []

    async def sleep(_: object, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(AioHttpTransport, "sleep", sleep)
    table = open_table(settings(MESSAGE_STORAGE=closed()), "ledger", nobody)
    said = await steps_with(table)
    await table.close()
    assert set(said) == {"table: ServiceRequestError"}
    assert len(waits) <= 2 * len(said)
    assert sum(waits) < len(said)


async def test_a_table_that_is_silent_is_one_error() -> None:
    """Every step gives up after its patience where nobody answers."""
    with silent() as storage:
        given = settings(MESSAGE_STORAGE=storage)
        table = open_table(given, "ledger", nobody, patience=0.05)
        assert set(await steps_with(table)) == {"table: TimeoutError"}
        await table.close()


async def test_an_insert_whose_answer_is_lost_is_made_again(storage: str) -> None:
    """A connection that breaks is no outage: the second insert meets the first, and says so."""
    name = f"t{uuid4().hex}"
    async with TableClient.from_connection_string(storage, name) as direct:
        await direct.create_table()
        proxy = StorageProxy(f"http://{HOST}:{table_port(direct)}", UnluckyOnce(), "lost")
        async with proxy.running():
            there = connection_string(proxy.port, proxy.port)
            table = open_table(settings(MESSAGE_STORAGE=there), name, nobody)
            assert not await table.insert(Row("p", "k", "once"))
            assert [row.text async for row in table.range("p")] == ["once"]
            await table.close()


def table_port(client: TableClient) -> int:
    port = URL(client.url).port
    assert port is not None
    return port


async def test_a_managed_identity_opens_the_table_where_no_connection_string_does() -> None:
    """Without a connection string the table service is asked, as the app's identity."""
    with pytest.raises(TokenAskedError, match=r"https://storage\.azure\.com/\.default"):
        await open_table(settings(**BY_IDENTITY), "ledger", Identity).check()


async def test_a_row_that_goes_while_others_are_read_is_left_out() -> None:
    """In memory as in storage, what was deleted by the time it would be read is not read."""
    table = MemoryTable()
    await filled(table, "p/a", "p/b", "p/c")
    found = []
    async for row in table.range("p"):
        found.append(row.key)
        await table.delete("p", ["b"])
    assert found == ["a", "c"]


@pytest.mark.parametrize(
    ("status", "code", "steps"),
    [(403, "AuthorizationFailure", 8), (400, "InvalidInput", 8), (404, "ResourceNotFound", 3)],
)
async def test_a_service_that_refuses_is_one_error(status: int, code: str, steps: int) -> None:
    """An error that is not an answer is an outage, named by the service's own word for it.

    That something is not there is an answer to all steps but those that write, and to a check.
    """
    service = Refusing(status, code)
    async with service.running() as url:
        storage = f"TableEndpoint={url};QueueEndpoint={url};SharedAccessSignature=sv=1&sig=a%2Bb"
        table = open_table(settings(MESSAGE_STORAGE=storage), "ledger", nobody)
        row = Row("p", "k", "")
        if steps == 8:
            assert await steps_with(table) == [f"table: {status} {code}"] * steps
        else:
            assert await table.get("p", "k") is None
            assert not await table.replace(row)
            assert await keys(table, "p") == []
            for step in (table.insert(row), table.transaction(row, [row]), table.check()):
                with pytest.raises(StorageUnavailableError, match=f"table: {status} {code}"):
                    await step
        await table.close()
    for request in service.requests:
        assert "Authorization" not in request.headers
        assert request.query["sig"] == "a+b"
