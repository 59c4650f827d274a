"""Where the settings of a local run come from, and which of them wins."""

import json
from pathlib import Path

import pytest

from dev.errors import CommandError
from dev.local_settings import Keys, choose_keys, read_local_settings, resolve
from dev.ports import Ports

PORTS = Ports(app=7071, simulator=7072, queue=10001, table=10002)
ALONE = Ports(app=7071, simulator=None, queue=10001, table=10002)
SIMULATED = ["TWILIO_API_KEY_SECRET", "TWILIO_API_KEY_SID", "TWILIO_TWIML_APP_SID"]


def test_the_local_defaults_are_the_promised_ones() -> None:
    """With nothing set, everything points at this machine."""
    storage = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJ"
        "PLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
        "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
        "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
    )
    assert resolve(PORTS, {}, {}) == {
        "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
        "TWILIO_AUTH_TOKEN": "local-token",
        "TWILIO_FROM_NUMBER": "+15005550006",
        "TWILIO_API_BASE_URL": "http://127.0.0.1:7072",
        "PUBLIC_BASE_URL": "http://127.0.0.1:7071",
        "MESSAGE_STORAGE": storage,
        "AzureWebJobsStorage": storage,
        "TWILIO_API_KEY_SID": "SK00000000000000000000000000000000",
        "TWILIO_API_KEY_SECRET": "local-api-key-secret-of-nobodys-account",
        "TWILIO_TWIML_APP_SID": "AP00000000000000000000000000000000",
    }


@pytest.mark.parametrize(
    ("process", "file", "value"),
    [
        ({}, {}, "local-token"),
        ({}, {"TWILIO_AUTH_TOKEN": "file"}, "file"),
        ({"TWILIO_AUTH_TOKEN": "process"}, {}, "process"),
        ({"TWILIO_AUTH_TOKEN": "process"}, {"TWILIO_AUTH_TOKEN": "file"}, "process"),
        ({"TWILIO_AUTH_TOKEN": ""}, {}, ""),
        ({}, {"TWILIO_AUTH_TOKEN": ""}, ""),
        ({"TWILIO_AUTH_TOKEN": ""}, {"TWILIO_AUTH_TOKEN": "file"}, ""),
        ({"TWILIO_AUTH_TOKEN": "process"}, {"TWILIO_AUTH_TOKEN": ""}, "process"),
    ],
)
def test_which_value_wins(process: dict[str, str], file: dict[str, str], value: str) -> None:
    """The process wins over the file, the file over the default; nothing stays nothing."""
    assert resolve(PORTS, process, file)["TWILIO_AUTH_TOKEN"] == value


@pytest.mark.parametrize("name", ["TWILIO_API_BASE_URL", "MESSAGE_STORAGE", "PUBLIC_BASE_URL"])
@pytest.mark.parametrize("value", ["https://elsewhere.test", ""])
def test_addresses_of_the_users_win(name: str, value: str) -> None:
    """An address that is set, also to nothing, is never replaced by a local one."""
    assert resolve(PORTS, {name: value}, {})[name] == value


@pytest.mark.parametrize(
    ("ports", "given", "simulated", "address"),
    [
        (PORTS, {}, True, "http://127.0.0.1:7072"),
        (PORTS, {"TWILIO_API_BASE_URL": "https://proxy.test"}, False, "https://proxy.test"),
        (PORTS, {"TWILIO_API_BASE_URL": ""}, False, ""),
        (ALONE, {}, False, None),
        (ALONE, {"TWILIO_API_BASE_URL": "https://proxy.test"}, False, "https://proxy.test"),
    ],
)
def test_the_local_api_key_is_for_the_simulator_only(
    ports: Ports, given: dict[str, str], *, simulated: bool, address: str | None
) -> None:
    """Where Twilio is not our simulator there is no made-up API key, and no address of ours."""
    settings = resolve(ports, given, {})
    assert settings.get("TWILIO_API_BASE_URL") == address
    assert [name in settings for name in SIMULATED] == [simulated] * 3


def test_storage_by_identity_has_no_local_connection_string() -> None:
    """A connection string would win over the service addresses that were set."""
    given = {"MESSAGE_STORAGE__queueServiceUri": "https://queue.test"}
    assert "MESSAGE_STORAGE" not in resolve(PORTS, given, {})


def test_service_addresses_that_are_set_to_nothing_are_missing() -> None:
    """What is missing does not keep the local storage away."""
    given = {"MESSAGE_STORAGE__queueServiceUri": "", "MESSAGE_STORAGE__credential": ""}
    assert "MESSAGE_STORAGE" in resolve(PORTS, given, {})


def test_a_missing_file_sets_nothing(tmp_path: Path) -> None:
    """Without local.settings.json there are simply no values from it."""
    assert read_local_settings(tmp_path / "local.settings.json") == {}


def test_the_files_values_are_read(tmp_path: Path) -> None:
    """Values are read as Core Tools does: with a byte-order mark, null as nothing, true as True."""
    file = tmp_path / "local.settings.json"
    values = {"A": "b", "N": 7, "T": True, "F": False, "E": "", "O": None}
    file.write_text(json.dumps({"IsEncrypted": False, "Values": values}), encoding="utf-8-sig")
    assert read_local_settings(file) == {
        "A": "b",
        "N": "7",
        "T": "True",
        "F": "False",
        "E": "",
        "O": "",
    }


def test_comments_and_last_commas_are_read_over(tmp_path: Path) -> None:
    """As Core Tools does; what looks like either inside a string is part of it."""
    file = tmp_path / "local.settings.json"
    file.write_text("""{ // mine
      /* a
         block */ "Values": {
        "A": "https://a.test//b", // "B": "c",
        "C": "a,} \\" // b", }, // last
    }""")
    assert read_local_settings(file) == {"A": "https://a.test//b", "C": 'a,} " // b'}


def test_an_error_after_a_comment_has_its_own_place(tmp_path: Path) -> None:
    """What is read over moves no line and no column."""
    file = tmp_path / "local.settings.json"
    file.write_text('// one\n/* two\n */ {"Values": oops}')
    with pytest.raises(CommandError, match="line 3, column 16"):
        read_local_settings(file)


@pytest.mark.parametrize(
    ("ports", "given", "well_known"),
    [
        (PORTS, {}, True),
        (PORTS, {"PUBLIC_BASE_URL": "http://localhost:9000/base"}, True),
        (PORTS, {"PUBLIC_BASE_URL": "http://[::1]:7071"}, True),
        (PORTS, {"PUBLIC_BASE_URL": "https://tunnel.test"}, False),
        (PORTS, {"PUBLIC_BASE_URL": "https://127.0.0.1.tunnel.test"}, False),
        (PORTS, {"PUBLIC_BASE_URL": ""}, False),
        (PORTS, {"TWILIO_API_BASE_URL": "https://api.twilio.com"}, False),
        (PORTS, {"TWILIO_API_BASE_URL": ""}, False),
        (ALONE, {}, False),
        (ALONE, {"TWILIO_API_BASE_URL": "http://127.0.0.1:7072"}, False),
    ],
)
def test_keys_are_well_known_only_where_all_is_simulated(
    ports: Ports, given: dict[str, str], *, well_known: bool
) -> None:
    """Where Twilio or the address is real, both keys are random, and the host is told."""
    keys = choose_keys(ports, resolve(ports, given, {}))
    assert (keys == Keys("local-key", "local-admin-key", public=False)) is well_known
    variables = keys.variables()
    assert variables["SWITCHBOARD_HOST_KEY"] == keys.function
    assert variables["SWITCHBOARD_HOST_ADMIN_KEY"] == keys.admin
    assert variables.get("SWITCHBOARD_HOST_PUBLIC") == (None if well_known else "1")
    if not well_known:
        other = choose_keys(ports, resolve(ports, given, {}))
        assert len({keys.function, keys.admin, other.function, other.admin}) == 4
        assert min(len(keys.function), len(keys.admin)) >= 32


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"Values": {"A": "s3cret" "B": 1}}', "is not JSON"),
        (b"[]", 'has no object "Values"'),
        (b'{"Values": ["s3cret"]}', 'has no object "Values"'),
        (b'{"Values": {"A": ["s3cret"]}}', "a list as the value of A"),
        (b'{"IsEncrypted": true, "Values": {"A": "s3cret"}}', "is encrypted"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    """The words say what is wrong with the file, where it is, and show none of its values."""
    file = tmp_path / "local.settings.json"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"local\.settings\.json") as caught:
        read_local_settings(file)
    assert words in caught.value.what
    assert str(file) in caught.value.next_step
    assert "s3cret" not in caught.value.what + caught.value.next_step
