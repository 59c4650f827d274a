import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from shared.provider.access_token import create_access_token, validate_identity

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"


def token(**changed: Any) -> str:  # noqa: ANN401 - any argument of the function
    arguments: dict[str, Any] = {
        "account_sid": "AC1",
        "api_key_sid": "SK1",
        "api_key_secret": SECRET,
        "twiml_app_sid": "AP1",
        "identity": "alice",
        "ttl_seconds": 600,
        "incoming": True,
        "now": NOW,
    }
    return create_access_token(**(arguments | changed))


def claims(encoded: str) -> dict[str, Any]:
    # The clock of the test is not the clock of the token.
    options: Any = {"verify_exp": False, "verify_nbf": False}
    return jwt.decode(encoded, SECRET, algorithms=["HS256"], options=options)


def test_a_token_says_who_may_do_what_until_when() -> None:
    """Header and claims are those that Twilio documents, signed with the API key's secret."""
    encoded = token()
    header = {"alg": "HS256", "cty": "twilio-fpa;v=1", "typ": "JWT"}
    assert jwt.get_unverified_header(encoded) == header
    found = claims(encoded)
    start = int(NOW.timestamp())
    assert found.pop("jti").startswith("SK1-")
    assert found == {
        "iss": "SK1",
        "sub": "AC1",
        "nbf": start,
        "exp": start + 600,
        "grants": {
            "identity": "alice",
            "voice": {"incoming": {"allow": True}, "outgoing": {"application_sid": "AP1"}},
        },
    }


def test_a_token_grants_no_more_than_was_asked_for() -> None:
    """Without a TwiML app it cannot call, and without `incoming` it cannot be called."""
    assert claims(token(twiml_app_sid=None, incoming=False))["grants"]["voice"] == {}


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("alice", None),
        ("alice.o-hara_7@example.com", None),
        ("x" * 256, None),
        ("x" * 257, "too_long"),
        ("", "required"),
        ("two words", "forbidden_character"),
        ("tab\t", "forbidden_character"),
        ("café", "forbidden_character"),
        ("<a>", "forbidden_character"),
        ("a|b", "forbidden_character"),
        ("a[b]", "forbidden_character"),
        ("a\\b", "forbidden_character"),
    ],
)
def test_an_identity_is_what_twilio_takes_as_a_clients_name(
    identity: str, code: str | None
) -> None:
    """Control characters, spaces, delimiters and what is longer than 256 characters are named."""
    found = validate_identity(identity)
    assert [(problem.path, problem.code) for problem in found] == (
        [("$.identity", code)] if code else []
    )


@pytest.mark.slow
def test_the_path_of_a_call_imports_nothing_heavy() -> None:
    """What answers a caller loads neither REST, storage, JWTs nor numbering plans."""
    heavy = "twilio.rest twilio.http jwt requests aiohttp azure phonenumbers cryptography"
    script = (
        "import sys, shared.provider.signature, shared.twiml.steps, shared.twiml.twimlets, "
        "shared.provider.access_token; "
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    ran = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert ran.stdout.strip() == "[]"
