import pytest

from dev.host.errors import ConnectionSettingError
from dev.host.queue_account import open_queue, resolve


def test_settings_fill_percent_names() -> None:
    """%NAME% is replaced by a setting, and stays where there is none."""
    assert resolve("%A%-x-%B%", {"A": "a"}) == "a-x-%B%"


async def test_the_short_name_of_the_emulator_works() -> None:
    """UseDevelopmentStorage=true means the emulator on its usual port."""
    async with open_queue({"S": "UseDevelopmentStorage=true"}, "S", "q") as queue:
        assert queue.url == "http://127.0.0.1:10001/devstoreaccount1/q"


async def test_a_service_uri_uses_an_identity() -> None:
    """NAME__queueServiceUri stands in for a connection string."""
    settings = {
        "S__queueServiceUri": "https://account.queue.core.windows.net",
        "S__credential": "managedidentity",
        "S__clientId": "00000000-0000-0000-0000-000000000000",
    }
    async with open_queue(settings, "S", "q") as queue:
        assert queue.url == "https://account.queue.core.windows.net/q"


def test_a_missing_setting_is_named() -> None:
    """An error names the setting that is missing."""
    with pytest.raises(ConnectionSettingError, match="setting S is missing"):
        open_queue({}, "S", "q")
