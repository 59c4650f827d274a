"""Alerts and the operator's queries ask for events and fields that the code logs."""

from __future__ import annotations

import re
from typing import Final

import pytest

from shared.storage.queues import INBOUND_QUEUE, POISON_OF_LANE, QUEUE_OF_LANE
from tests.infra.logged import events_in, fields_in, find_logged_events
from tests.infra.template import ALERTS, CHECKOUT, template, variable

OPERATE: Final = (CHECKOUT / "docs" / "operate.md").read_text()
# By the question that stands above each, and its place below that.
QUERIES: Final = {
    (question, place): query
    for question, text in re.findall(
        r"^### (\d+\. [^\n]+)\n((?:(?!^##).)*)", OPERATE, re.MULTILINE | re.DOTALL
    )
    for place, query in enumerate(re.findall(r"```kusto\n(.*?)```", text, re.DOTALL))
}
RULES: Final[dict[str, str]] = {
    rule["name"]: rule["query"].replace("\\n", "\n") for rule in variable("rules", ALERTS)
}
PRELUDE: Final = variable("events", ALERTS).replace("\\n", "\n")
LOGGED: Final = find_logged_events()
# Words of the language that no column may be called, of those that would come to mind:
# https://learn.microsoft.com/kusto/query/schema-entities/entity-names
RESERVED: Final = {
    "as", "between", "by", "cancel", "contains", "date", "earliest", "find", "first", "has", "in",
    "invoke", "kind", "last", "latest", "like", "of", "or", "others", "project", "queries",
    "sample", "search", "set", "time", "timeline", "title", "to", "totable", "union", "views",
    "where",
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_an_alert_asks_for_what_is_logged(name: str) -> None:
    """An alert names events that the code logs, and fields that go with them."""
    _is_logged(RULES[name])


@pytest.mark.parametrize("name", QUERIES, ids=str)
def test_a_query_asks_for_what_is_logged(name: tuple[str, int]) -> None:
    """A query of docs/operate.md names events that the code logs, and fields that go with them."""
    _is_logged(QUERIES[name])


@pytest.mark.parametrize("query", [*QUERIES.values(), *RULES.values()])
def test_no_column_has_a_reserved_name(query: str) -> None:
    """A query that names a column by a word of the language is not run at all."""
    outside_texts = re.sub(r'"[^"]*"', '""', query)
    named = set(re.findall(r"\b(\w+) = ", outside_texts))
    assert not named & RESERVED


def test_every_alert_is_explained() -> None:
    """docs/operate.md says of each alert what it means and what to do."""
    explained = re.findall(r"^### `([a-z-]+)`$", OPERATE, re.MULTILINE)
    assert explained == list(RULES)
    assert (
        template(ALERTS)["resources"]["alert"]["config"]["loop_type"]["detail"]["array_name"]
        == "rules"
    )


def test_only_what_is_to_be_sent_is_late() -> None:
    """The alarm for lateness looks at every queue that is sent from, and never at `inbound`."""
    (prefix,) = re.findall(r'tostring\(f\.queue\) startswith "(\w+)"', RULES["late"])
    sent_from = {*QUEUE_OF_LANE.values(), *POISON_OF_LANE.values()}
    assert all(queue.startswith(prefix) for queue in sent_from)
    assert not INBOUND_QUEUE.startswith(prefix)
    assert f'tostring(f.queue) == "{INBOUND_QUEUE}"' in RULES["inbound-unread"]


def test_a_stranger_does_not_ring_the_signature_alarm() -> None:
    """A refused request counts only where it had a signature, as a share of all that had one."""
    rule = RULES["signature-refused"]
    assert 'event == "signature_refused" and tobool(f.has_header)' in rule
    assert "refused * 5 > refused + accepted" in rule


def test_nothing_is_asked_of_what_the_host_no_longer_logs() -> None:
    """host.json leaves out the host's own lines of each invocation, so no query reads them."""
    for query in [*QUERIES.values(), *RULES.values()]:
        assert not re.search("Executing|Executed|Trigger Details", query)
        assert "traces" not in query or events_in(query) or "f.trace" in query or "_Billed" in query


def test_the_ten_questions_have_queries() -> None:
    """There are at least ten questions, and every query begins as the alerts do."""
    assert len({question for question, _ in QUERIES}) >= 10
    for query in QUERIES.values():
        if events_in(query):
            assert query.startswith(PRELUDE)


def _is_logged(query: str) -> None:
    events = events_in(query)
    assert events <= LOGGED.keys()
    fields = {field for event in events or LOGGED for field in LOGGED[event]}
    assert fields_in(query) <= fields
