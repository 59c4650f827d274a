"""The app: services built once, when first needed, from settings that are read once."""

import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cached_property

import pytest

from shared.app import App
from shared.deliver.services import DeliverServices
from shared.errors import SettingsError
from shared.services import Services
from shared.storage.azure_queues import AzureQueues
from shared.storage.azure_table import AzureTable
from tests.environment import ENVIRONMENT, NOBODY
from tests.storage_away import BY_IDENTITY

SERVICES = [name for name, service in vars(App).items() if isinstance(service, cached_property)]


async def test_each_service_is_built_once() -> None:
    """Asking twice for a service gives the same one, and all share one table."""
    services = App(ENVIRONMENT)
    for service in SERVICES:
        assert getattr(services, service) is getattr(services, service)
    assert services.ledger.table is services.table


def test_the_app_has_all_that_accepting_and_delivering_take() -> None:
    """Each name that the protocols promise is one of the app's."""
    app: DeliverServices = App(ENVIRONMENT)
    promised = {name for each in (Services, DeliverServices) for name in vars(each)}
    names = {name for name in promised if not name.startswith("_")}
    assert {"ledger", "guards", "now"} <= names
    assert names <= {*dir(App), *vars(app)}


# `queues_alone` is for messages that wait while other settings are wrong.
@pytest.mark.parametrize("service", [name for name in SERVICES if name != "queues_alone"])
def test_no_service_works_with_wrong_settings(service: str) -> None:
    """While settings are wrong every service but the bare queues says so, every time."""
    services = App(ENVIRONMENT | {"RETENTION_DAYS": "soon"})
    for _ in range(2):
        with pytest.raises(SettingsError, match="RETENTION_DAYS"):
            getattr(services, service)


def test_wrong_settings_are_logged_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong is in the log before the first request, and right settings are silent."""
    with caplog.at_level(logging.INFO, "switchboard"):
        App(ENVIRONMENT).log_settings_errors()
        assert caplog.messages == []
        App({}).log_settings_errors()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("settings_wrong ")
    assert "TWILIO_AUTH_TOKEN" in caplog.messages[0]


def test_doubtful_settings_are_logged_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """A name that is very like a setting's is a warning in the log, without its value."""
    with caplog.at_level(logging.INFO, "switchboard"):
        App(ENVIRONMENT | {"TWILIO_FORM_NUMBER": "+14155552671"}).log_settings_errors()
    problem = "TWILIO_FORM_NUMBER: is not a setting; did you mean TWILIO_FROM_NUMBER?"
    assert caplog.messages == [f'setting_doubtful {{"problem": "{problem}"}}']
    assert caplog.records[0].levelno == logging.WARNING


async def test_a_managed_identity_serves_where_there_is_no_connection_string() -> None:
    """Without a connection string the storage clients are opened as the app's identity."""
    client_id = {"MESSAGE_STORAGE__clientId": "00000000-0000-0000-0000-000000000001"}
    services = App(ENVIRONMENT | BY_IDENTITY | client_id)
    assert isinstance(services.table, AzureTable)
    assert isinstance(services.queues, AzureQueues)


def test_time_and_randomness_are_the_worlds_unless_given() -> None:
    """The defaults are the time with its zone, and 60 random bits."""
    services = App(ENVIRONMENT)
    assert datetime.now(UTC) - timedelta(days=1) < services.now()
    assert services.now().tzinfo is not None
    drawn = [services.random() for _ in range(200)]
    assert len(set(drawn)) == 200
    assert 2**55 < max(drawn) < 2**60


@pytest.mark.slow
def test_an_answer_in_twiml_waits_for_no_library() -> None:
    """Importing the app, and building what checks signatures, imports no heavy library."""
    script = (
        "import sys, function_app\n"
        "function_app.switchboard.signature\n"
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
