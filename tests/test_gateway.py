"""The gateway: parts built once, when first needed, from settings that are read once."""

import logging
import subprocess
import sys
from functools import cached_property

import pytest

from shared.deliver.job_queue_in_storage import JobQueueInStorage
from shared.errors import SettingsError
from shared.gateway import Gateway, random_bits, utc_now
from shared.ledger.rows_in_table import RowsInTable
from tests.environment import ENVIRONMENT, NOBODY
from tests.storage_away import BY_IDENTITY

PARTS = [name for name, part in vars(Gateway).items() if isinstance(part, cached_property)]


async def test_each_part_is_built_once() -> None:
    """Asking twice for a part gives the same one, and the parts share one ledger and queue."""
    gateway = Gateway(ENVIRONMENT)
    for part in PARTS:
        assert getattr(gateway, part) is getattr(gateway, part)
    assert gateway.accept.ledger is gateway.deliver.ledger is gateway.ledger
    assert gateway.accept.queue is gateway.deliver.queue is gateway.queue
    assert gateway.deliver.carrier is gateway.carrier
    assert (gateway.arrive.accept, gateway.arrive.deliver) == (gateway.accept, gateway.deliver)


@pytest.mark.parametrize("part", PARTS)
def test_no_part_works_with_wrong_settings(part: str) -> None:
    """While settings are wrong every part says so, every time."""
    gateway = Gateway(ENVIRONMENT | {"RETENTION_DAYS": "soon"})
    for _ in range(2):
        with pytest.raises(SettingsError, match="RETENTION_DAYS"):
            getattr(gateway, part)


def test_wrong_settings_are_logged_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong is in the log before the first request, and right settings are silent."""
    with caplog.at_level(logging.INFO, "switchboard"):
        Gateway(ENVIRONMENT).say_what_is_wrong()
        assert caplog.messages == []
        Gateway({}).say_what_is_wrong()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("settings_wrong ")
    assert "TWILIO_AUTH_TOKEN" in caplog.messages[0]


async def test_a_managed_identity_serves_where_there_is_no_connection_string() -> None:
    """Without a connection string the storage clients are opened as the app's identity."""
    client_id = {"MESSAGE_STORAGE__clientId": "00000000-0000-0000-0000-000000000001"}
    gateway = Gateway(ENVIRONMENT | BY_IDENTITY | client_id)
    assert isinstance(gateway.rows, RowsInTable)
    assert isinstance(gateway.queue, JobQueueInStorage)


def test_time_and_randomness_are_the_worlds_unless_given() -> None:
    """The defaults are the time with its zone, and 60 random bits."""
    gateway = Gateway(ENVIRONMENT)
    assert gateway.now is utc_now
    assert gateway.random is random_bits
    assert utc_now().tzinfo is not None
    drawn = [random_bits() for _ in range(200)]
    assert len(set(drawn)) == 200
    assert 2**55 < max(drawn) < 2**60


def test_an_answer_in_twiml_waits_for_no_library() -> None:
    """Importing the app, and building what checks signatures, imports no heavy library."""
    script = (
        "import sys, function_app\n"
        "function_app.gateway.signature\n"
        "heavy = ('twilio.rest', 'azure.storage', 'azure.data', 'azure.identity', 'aiohttp')\n"
        "print(*sorted(name for name in heavy if name in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", script],
        env=ENVIRONMENT | {"TWILIO_API_BASE_URL": NOBODY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
