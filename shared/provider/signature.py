"""Whether a request was signed by Twilio, as it stands, for the URL that Twilio knows us by.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys (beta)

The `twilio` package's RequestValidator is not used: it raises on a missing header and on a
body that is no form, its comparison is a Python loop, and it cuts IPv6 hosts at their first
colon. What is signed is small enough to say here, on `hmac`; the tests hold both together.

Nothing of a request is parsed before its header looks like a signature and its body is as small
as Twilio's are: anybody can send to these routes.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from shared.forms import Form, form_parameters, query_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIGNATURE: Final = "x-twilio-signature"
_SETTINGS: Final = "x-twilio-webhooks-signature-settings"
_FORM: Final = "application/x-www-form-urlencoded"
MAX_BODY_BYTES: Final = 256 * 1024
MAX_FIELDS: Final = 1_000
# Base64 of a SHA-1 or a SHA-256.
_PLAUSIBLE: Final = re.compile("[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=")
# The escapes of what may stand in a query as it is, and was seen to be signed so and delivered
# escaped.
_ESCAPES: Final = tuple(
    re.compile(f"%({'|'.join(f'{ord(each):02x}' for each in characters)})", re.IGNORECASE)
    for characters in ("@", "'", "@'", "!$'()*,:;@/?")
)
_DIGESTS: Final = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_BASE: Final = re.compile(
    r"(?P<scheme>https?)://(?:[^/]*@)?(?P<host>\[[^/\]]*\]|[^/:]*)(?::(?P<port>\d*))?(?P<path>.*)",
    re.DOTALL,
)


class SignatureValidator:
    """The secrets that Twilio may have signed with, and the URL that it calls us by."""

    __slots__ = ("_auth_tokens", "_bases", "_webhook_keys")

    def __init__(
        self,
        public_base_url: str,
        auth_tokens: Sequence[str],
        webhook_keys: Mapping[str, str],
    ) -> None:
        self._bases = _bases(public_base_url)
        # A blank secret would be one that anybody can sign with.
        self._auth_tokens = [token.encode() for token in auth_tokens if token]
        self._webhook_keys = {key: secret.encode() for key, secret in webhook_keys.items()}

    def accepts(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether Twilio signed this request."""
        return self.signed_form(method, url, headers, body) is not None

    def signed_form(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Form | None:
        """Return the form of a request that Twilio signed; empty where it has another body or none.

        None, never an error, for anything else. `url` is the URL as the host saw it: only its
        path and raw query count, for its host is whatever a proxy or an attacker made it.
        `headers` is looked up in lower case.
        """
        claimed = headers.get(_SIGNATURE) or ""
        if not _PLAUSIBLE.fullmatch(claimed) or len(body) > MAX_BODY_BYTES:
            return None
        secrets, digest = self._secrets(headers.get(_SETTINGS) or "")
        form = _covered(method, url, headers.get("content-type") or "", body)
        if form is None:
            return None
        fields = _fields(form)
        paths = _spellings(path_and_query(url))
        texts = [
            f"{base}{path}{fields}".encode(errors="replace")
            for base in self._bases
            for path in paths
        ]
        # No early way out: how long this takes tells nothing about which secret came close.
        matches = [
            hmac.compare_digest(claimed.encode(), _signature(secret, text, digest))
            for secret in secrets
            for text in texts
        ]
        return form if any(matches) else None

    def _secrets(self, settings: str) -> tuple[list[bytes], str]:
        """Return the secrets to try and the digest: of the named shared key, or our auth tokens."""
        if not settings:
            return self._auth_tokens, "sha1"
        named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
        secret = self._webhook_keys.get(named.get("key", ""))
        digest = _DIGESTS.get(named.get("algorithm", "").upper())
        return ([secret], digest) if secret and digest else ([], "sha1")


def _bases(public_base_url: str) -> list[str]:
    """Return the public URL with and without its port: Twilio signs either, never user:password."""
    match = _BASE.fullmatch(public_base_url)
    if match is None:
        return []
    origin = f"{match['scheme']}://{match['host']}"
    port = match["port"] or _DEFAULT_PORTS[match["scheme"]]
    path = match["path"].rstrip("/")
    return [f"{origin}{path}", f"{origin}:{port}{path}"]


def path_and_query(url: str) -> str:
    """Return what follows the host in `url`, with every escape as it came."""
    after_scheme = url.partition("://")[2]
    start = re.search(r"[/?]", after_scheme)
    return after_scheme[start.start() :].partition("#")[0] if start else ""


def _spellings(path: str) -> list[str]:
    """Return a path with its query as Twilio may have signed it, which all mean the same.

    A query was seen to be delivered with `%40` and signed with `@`, and the other way round.
    """
    page, mark, query = path.partition("?")
    queries = [query, query.replace("@", "%40").replace("'", "%27")]
    queries += [each.sub(lambda escape: chr(int(escape[1], 16)), query) for each in _ESCAPES]
    return [page + mark + each for each in dict.fromkeys(queries)]


def _covered(method: str, url: str, content_type: str, body: bytes) -> Form | None:
    """Return the form that is signed after the URL; None if the signature leaves the body open.

    A form is signed field by field; any other body by its hash in the URL, and where the URL
    has a hash, an emptied body is no way around it.
    """
    if (
        body
        and method.upper() == "POST"
        and content_type.partition(";")[0].strip().lower() == _FORM
    ):
        if body.count(b"&") >= MAX_FIELDS:
            return None
        try:
            return form_parameters(body)
        except ValueError:
            return None
    hashes = query_parameters(url).getall("bodySHA256")
    if hashes:
        same = hmac.compare_digest(
            hashes[0].lower().encode(errors="replace"),
            hashlib.sha256(body).hexdigest().encode(),
        )
        return Form() if same else None
    return None if body else Form()


def _fields(form: Form) -> str:
    """Return names and values run together, sorted; a repeated pair counts once."""
    return "".join(name + value for name, value in sorted(set(form.pairs)))


def _signature(secret: bytes, text: bytes, digest: str) -> bytes:
    """Return the HMAC of `text` in base64, as Twilio writes it in its header."""
    return binascii.b2a_base64(hmac.digest(secret, text, digest), newline=False)
