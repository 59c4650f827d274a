import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from dev.checkout import HERE
from shared.forms import form_parameters
from shared.provider.signature import MAX_BODY_BYTES, MAX_FIELDS, SignatureValidator

TOKEN = "12345"
BASE = "https://switchboard.example"
CALL = (
    b"CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234"
    b"&From=%2B14158675310&To=%2B18005551212"
)
FORM = "application/x-www-form-urlencoded"
JSON = b'{"property": "value", "boolean": true}'
FORMS = sorted((Path(__file__).parent / "forms").glob("*.txt"))


def check(base: str = BASE, tokens: tuple[str, ...] = (TOKEN,), **keys: str) -> SignatureValidator:
    return SignatureValidator(base, tokens, keys)


def signed(url: str, body: bytes = b"", token: str = TOKEN, algorithm: str | None = None) -> str:
    """The signature that Twilio's own library computes."""
    form = form_parameters(body)
    return str(RequestValidator(token).compute_signature(url, form, algorithm))


def headers(signature: str, content_type: str = FORM, **more: str) -> dict[str, str]:
    return {"x-twilio-signature": signature, "content-type": content_type, **more}


def test_documented_form_is_accepted() -> None:
    """Twilio's published example verifies to the letter, and no more when a field is changed."""
    documented = headers("L/OH5YylLD5NRKLltdqwSvS0BnU=")
    example = check("https://example.com")
    url = "http://127.0.0.1:7071/myapp.php?foo=1&bar=2"
    assert example.accepts("POST", url, documented, CALL)
    assert not example.accepts("POST", url, documented, CALL.replace(b"1234&", b"1235&"))
    assert not example.accepts("POST", url + "&baz=3", documented, CALL)


def test_library_vectors_are_accepted() -> None:
    """The vectors of Twilio's own test suite verify: a form, and JSON by the hash in its URL."""
    library = check("https://mycompany.com")
    form = CALL.replace(b"5310", b"5309")
    url = "https://any.host/myapp.php?foo=1&bar=2"
    assert library.accepts("POST", url, headers("RSOYDt4T1cUTdK1PDd93/VVr8B8="), form)
    hashed = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    for spelled in (hashed, hashed.upper()):
        with_hash = f"/myapp.php?foo=1&bar=2&bodySHA256={spelled}"
        signature = signed(f"https://mycompany.com{with_hash}")
        arrived = headers(signature, "application/json")
        assert library.accepts("POST", f"https://any.host{with_hash}", arrived, JSON)
    known = headers("a9nBmqA0ju/hNViExpshrM61xv4=", "application/json")
    with_hash = f"https://any.host/myapp.php?foo=1&bar=2&bodySHA256={hashed}"
    assert library.accepts("POST", with_hash, known, JSON)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_as_twilio_sends_them_are_accepted(path: Path) -> None:
    """Blank, repeated, non-ASCII and padded fields count, as Twilio's library counts them."""
    body = path.read_bytes()
    url = f"{BASE}/api/webhooks/messages?x=a%20b"
    arrived = headers(signed(url, body), f"{FORM}; charset=UTF-8")
    assert check().accepts("POST", "http://10.0.0.4/api/webhooks/messages?x=a%20b", arrived, body)
    assert not check().accepts("POST", url, arrived, body + b"&Extra=")


@given(
    pairs=st.lists(st.tuples(st.text("AaBé +&=", min_size=1), st.text("1é &=%\n😀")), min_size=1),
    query=st.text("ab=&%20'[]", max_size=20),
)
def test_any_form_is_read_as_the_library_reads_it(pairs: list[tuple[str, str]], query: str) -> None:
    """Whatever a form holds, Twilio's library and this check agree on its signature."""
    body = urlencode(pairs).encode()
    url = f"{BASE}/api/twiml/menu?{query}"
    assert check().accepts("POST", url, headers(signed(url, body)), body)


@pytest.mark.parametrize(
    ("base", "as_signed"),
    [
        ("https://a.example", "https://a.example/api/x"),
        ("https://a.example", "https://a.example:443/api/x"),
        ("https://a.example:443", "https://a.example/api/x"),
        ("https://a.example:8443", "https://a.example:8443/api/x"),
        ("https://a.example:8443", "https://a.example/api/x"),
        ("http://127.0.0.1:7071", "http://127.0.0.1:7071/api/x"),
        ("http://a.example", "http://a.example:80/api/x"),
        ("https://a.example/gateway", "https://a.example/gateway/api/x"),
        ("https://a.example/gateway//", "https://a.example:443/gateway/api/x"),
        ("https://user:p@ss@a.example", "https://a.example/api/x"),
        ("https://[::1]:7071/", "https://[::1]:7071/api/x"),
        ("https://[::1]:7071/", "https://[::1]/api/x"),
    ],
)
def test_the_public_url_is_what_counts(base: str, as_signed: str) -> None:
    """Ports with and without, paths, trailing slashes and passwords, whatever the host saw."""
    arrived = headers(signed(as_signed))
    assert check(base).accepts("GET", "http://internal:80/api/x", arrived, b"")
    arrived["x-forwarded-host"] = arrived["host"] = "evil.example"
    assert not check("https://evil.example").accepts("GET", as_signed, arrived, b"")


def test_get_signs_nothing_but_the_url() -> None:
    """A GET's parameters are in its URL, where order, blanks and escapes are kept."""
    url = f"{BASE}/api/twiml/message?Message%5B0%5D=a%2Fb&Message[1]=&empty&From=%2B1"
    assert check().accepts("GET", url, {"x-twilio-signature": signed(url)}, b"")
    bare = headers(signed(f"{BASE}?x=1"))
    assert check().accepts("GET", "http://localhost?x=1", bare, b"")
    assert check().accepts("GET", "http://localhost", headers(signed(BASE)), b"")


def test_either_token_is_accepted_and_no_third() -> None:
    """The primary and the secondary auth token both sign, and nothing does when none is set."""
    url = f"{BASE}/api/x"
    two = check(tokens=("primary", "secondary"))
    for token, accepted in {"primary": True, "secondary": True, "third": False, "": False}.items():
        arrived = headers(signed(url, CALL, token))
        assert two.accepts("POST", url, arrived, CALL) is accepted
        assert not check(tokens=()).accepts("POST", url, arrived, CALL)
        assert not check(tokens=("",)).accepts("POST", url, arrived, CALL)


@pytest.mark.parametrize("algorithm", ["HMAC_SHA256", "hmac_sha256", "HMAC_SHA1"])
def test_a_shared_key_signs_by_its_own_settings(algorithm: str) -> None:
    """With Twilio's settings header, the key that it names and its algorithm are what counts."""
    url = f"{BASE}/api/x"
    keyed = check(webhooks_sharedkey_1="s3cret", webhooks_sharedkey_2="")
    arrived = headers(signed(url, CALL, "s3cret", algorithm))
    assert not keyed.accepts("POST", url, arrived, CALL)
    named = {
        "x-twilio-webhooks-signature-settings": f"key=webhooks_sharedkey_1, algorithm={algorithm}"
    }
    assert keyed.accepts("POST", url, arrived | named, CALL)
    assert not keyed.accepts("POST", url, arrived | named, CALL + b"0")
    assert not check().accepts("POST", url, arrived | named, CALL)


@pytest.mark.parametrize(
    "settings",
    [
        "key=webhooks_sharedkey_2,algorithm=HMAC_SHA256",
        "key=unknown,algorithm=HMAC_SHA256",
        "key=webhooks_sharedkey_1,algorithm=HMAC_MD5",
        "key=webhooks_sharedkey_1",
        "algorithm=HMAC_SHA256",
        "nonsense",
        ",=,==",
    ],
)
def test_settings_that_name_no_usable_key_are_refused(settings: str) -> None:
    """An unknown key, a blank secret or another algorithm is refused, whoever signed."""
    url = f"{BASE}/api/x"
    keyed = check(webhooks_sharedkey_1="s3cret", webhooks_sharedkey_2="")
    for secret in ("s3cret", "", TOKEN):
        for algorithm in ("HMAC_SHA1", "HMAC_SHA256"):
            arrived = headers(signed(url, CALL, secret, algorithm))
            arrived["x-twilio-webhooks-signature-settings"] = settings
            assert not keyed.accepts("POST", url, arrived, CALL)


@pytest.mark.parametrize(
    ("method", "content_type", "body"),
    [
        ("POST", "application/json", JSON),
        ("POST", "text/plain", b"From=1"),
        ("POST", "multipart/form-data; boundary=x", b"--x--"),
        ("POST", "", b"From=1"),
        ("GET", FORM, b"From=1"),
        ("POST", FORM, b"From=\xff"),
        ("POST", FORM, b"From=%ff"),
    ],
)
def test_a_body_that_the_signature_leaves_open_is_refused(
    method: str, content_type: str, body: bytes
) -> None:
    """A right signature of the URL alone does not vouch for a body; with no body it does."""
    url = f"{BASE}/api/x"
    arrived = headers(signed(url), content_type)
    assert not check().accepts(method, url, arrived, body)
    assert check().accepts(method, url, arrived, b"")


def test_a_hashed_body_cannot_be_emptied_or_changed() -> None:
    """Where the signed URL carries a body's hash, only that body is accepted, in any method."""
    url = f"{BASE}/api/x?bodySHA256={hashlib.sha256(JSON).hexdigest()}"
    for content_type in ("application/json", "text/plain", FORM):
        arrived = headers(signed(url), content_type)
        assert check().accepts("POST", url, arrived, JSON) is (content_type != FORM)
        assert not check().accepts("POST", url, arrived, JSON + b" ")
        assert not check().accepts("POST", url, arrived, b"")
        assert not check().accepts("GET", url, arrived, b"")


def test_a_request_of_the_functions_host_is_accepted() -> None:
    """The check reads what `azure.functions.HttpRequest` holds, whatever the header's case."""
    url = f"{BASE}/api/webhooks/calls"
    request = func.HttpRequest(
        method="POST",
        url="http://localhost:7071/api/webhooks/calls",
        headers={"X-Twilio-Signature": signed(url, CALL), "Content-Type": FORM},
        body=CALL,
    )
    assert check().accepts(request.method, request.url, request.headers, request.get_body())


@given(
    method=st.text(),
    url=st.text(),
    sent=st.dictionaries(
        st.sampled_from(
            ["x-twilio-signature", "content-type", "x-twilio-webhooks-signature-settings"]
        ),
        st.text() | st.just(FORM),
    ),
    body=st.binary(),
    base=st.text() | st.just(BASE),
)
def test_nonsense_is_refused_and_raises_nothing(
    method: str, url: str, sent: dict[str, str], body: bytes, base: str
) -> None:
    """Arbitrary methods, URLs, headers and bytes are a plain no."""
    assert not check(base, key="secret").accepts(method, url, sent, body)


@pytest.mark.parametrize(
    ("size", "accepted"), [(MAX_BODY_BYTES, True), (MAX_BODY_BYTES + 1, False)]
)
def test_a_body_has_a_limit(size: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """256 KiB are accepted and one byte more is not, signed or not, as a form or by its hash."""
    url = f"{BASE}/api/x"
    form = b"Body=" + b"x" * (size - 5)
    assert check().accepts("POST", url, headers(signed(url, form)), form) is accepted
    hashed = f"{url}?bodySHA256={hashlib.sha256(form).hexdigest()}"
    arrived = headers(signed(hashed), "text/plain")
    assert check().accepts("POST", hashed, arrived, form) is accepted


@pytest.mark.parametrize(("count", "accepted"), [(MAX_FIELDS, True), (MAX_FIELDS + 1, False)])
def test_a_form_has_a_limit(count: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """A thousand fields are accepted and one more is not, though Twilio signed them."""
    url = f"{BASE}/api/x"
    form = urlencode([(f"F{number}", "x") for number in range(count)]).encode()
    assert check().accepts("POST", url, headers(signed(url, form)), form) is accepted


class Untouched(bytes):
    """A body that must not be read."""

    def decode(self, *_: object, **__: object) -> str:
        raise AssertionError("the body was read")

    def count(self, *_: object) -> int:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("claimed", ["", "x", "=" * 28, "A" * 28, "A" * 27 + "\n", "é" * 27 + "="])
def test_nothing_is_read_without_a_plausible_header(claimed: str) -> None:
    """What cannot be a signature is refused before the body is looked at."""
    body = Untouched(CALL)
    assert not check().accepts("POST", f"{BASE}/api/x", headers(claimed), body)
    with pytest.raises(AssertionError):
        check().accepts("POST", f"{BASE}/api/x", headers("A" * 27 + "="), body)
    assert not check().accepts("POST", f"{BASE}/api/x", {"content-type": FORM}, body)


@pytest.mark.parametrize(
    ("as_signed", "delivered"),
    [
        ("a=b@c", "a=b%40c"),
        ("a=b%40c", "a=b@c"),
        ("a=it's", "a=it%27s"),
        ("a=it%27s", "a=it's"),
        ("a=@'&b=%20%3A", "a=%40%27&b=%20%3A"),
        ("a=@&b=%27", "a=%40&b=%27"),
        ("a=(b:c)/*!", "a=%28b%3ac%29%2F%2a%21"),
    ],
)
def test_a_query_may_be_delivered_in_another_spelling(as_signed: str, delivered: str) -> None:
    """Twilio was seen to escape between signing and sending: what means the same is accepted."""
    signature = signed(f"{BASE}/api/x?{as_signed}", CALL)
    assert check().accepts("POST", f"{BASE}/api/x?{delivered}", headers(signature), CALL)


@pytest.mark.parametrize(
    ("as_signed", "delivered"),
    [
        ("a=b&c=d", "a=b%26c=d"),
        ("a=b%26c=d", "a=b&c=d"),
        ("a=b", "a%3Db"),
        ("a=1+2", "a=1%2B2"),
        ("a=%2540", "a=%40"),
        ("a=%40", "a=%2540"),
        ("a=b#c", "a=b%23c"),
    ],
)
def test_a_query_that_means_something_else_is_refused(as_signed: str, delivered: str) -> None:
    """No spelling that is tried turns one query into another."""
    signature = signed(f"{BASE}/api/x?{as_signed}", CALL)
    assert not check().accepts("POST", f"{BASE}/api/x?{delivered}", headers(signature), CALL)


def run_node(*arguments: str, text: str = "") -> str:
    """What Node writes, run where `python3 dev` puts npm's packages; "" if it fails."""
    folder = HERE.own / "node"
    ran = subprocess.run(  # noqa: S603 - a program that this file names
        [shutil.which("node") or "false", *arguments],
        cwd=folder if folder.is_dir() else HERE.root,
        input=text,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return "" if ran.returncode else ran.stdout


@pytest.mark.slow
def test_requests_signed_by_npm_twilio_are_accepted() -> None:
    """What Twilio's Node library signs, forms and JSON alike, this check accepts."""
    if not run_node("-p", "require.resolve('twilio')"):
        pytest.skip("npm's twilio is not installed: `python3 dev test` does that")
    urls = (f"{BASE}/api/x", f"{BASE}:443/api/x?a=%20b&c=")
    forms = [(url, path.read_bytes()) for url in urls for path in FORMS]
    texts = [(url, text) for url in urls for text in (JSON.decode(), '{"text": "é😀"}')]
    cases = [
        {"token": TOKEN, "url": url, "pairs": form_parameters(form).pairs, "body": None}
        for url, form in forms
    ] + [{"token": TOKEN, "url": url, "pairs": [], "body": text} for url, text in texts]
    script = (Path(__file__).parent / "sign.js").read_text()
    answers = json.loads(run_node("-e", script, text=json.dumps(cases)))
    for (_, form), answer in zip(forms, answers, strict=False):
        arrived = headers(answer["signature"])
        assert check().accepts("POST", answer["url"], arrived, form)
    for (_, text), answer in zip(texts, answers[len(forms) :], strict=True):
        arrived = headers(answer["signature"], "application/json")
        assert check().accepts("POST", answer["url"], arrived, text.encode())
