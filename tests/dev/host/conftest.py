"""Real storage for the host's tests: Azurite, as `python3 dev` installs it."""

import os
from collections.abc import Iterator

import pytest

from dev.azurite import azurite, is_installed


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """Give the connection string of an Azurite that runs for the whole session."""
    if not is_installed():
        why = "Azurite is not installed: `python3 dev test` does that"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with azurite() as connection_string:
        yield connection_string
