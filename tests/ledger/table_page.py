"""`docs/table.md`, made from the schema: `python -m tests.ledger.table_page`."""

from pathlib import Path

from shared.ledger import schema

PAGE = Path(__file__).parents[2] / "docs" / "table.md"
HEAD = """# The table

Made from `shared/ledger/schema.py` by `python -m tests.ledger.table_page`. Everything is in one
Azure table, `ledger`. A row has a partition, a key and a text. Rows are inserted, deleted by
`forget` after `RETENTION_DAYS`, and replaced by erasing only.

Ids begin with the day, counted down, and a shard (16 a day), so a day is 16 partitions and the
newest sorts first. To find a person or a SID, 16 ranges are read for each day, four days at once;
what other people's rows there are does not matter.

Numbers stand in texts only. In keys they are digests (HMAC-SHA256) keyed by `DIGEST_KEYS`, or by
the account's SID where that is not set. The key must outlive rotations: with another one nobody's
opt-out is found. So a new key is put before the older ones, and none is ever taken away.
"""


def render_page() -> str:
    """Return the page as it should be."""
    return "\n".join([HEAD, *(_section(rows) for rows in schema.EVERYTHING)])


def _section(rows: schema.Rows) -> str:
    return (
        f"## {rows.title[0].upper()}{rows.title[1:]}\n\n"
        "| | |\n|---|---|\n"
        f"| partition | {rows.partition} |\n"
        f"| key | {rows.key} |\n"
        f"| value | {rows.value} |\n"
        f"| written by | {rows.written_by} |\n"
        f"| deleted by | {rows.deleted_by} |\n"
        f"| erasing a person | {rows.erasing} |\n"
    )


if __name__ == "__main__":
    PAGE.write_text(render_page())
