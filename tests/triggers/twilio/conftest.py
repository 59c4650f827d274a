"""A client with the account's own credentials."""

import pytest

from tests.in_memory_app import InMemoryApp
from tests.triggers.twilio.client import TwilioClient


@pytest.fixture
def client(app: InMemoryApp) -> TwilioClient:
    return TwilioClient(app)
