"""Reads path and query of a request as Kestrel and the Functions host do."""

import codecs
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

# what PathString.ToUriComponent leaves alone in a path
PATH_CHARACTERS = "!$&'()*+,-./:;=@_~%"


def _keep_escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    kept = error.object[error.start : error.end]
    return "".join(f"%{byte:02X}" for byte in kept), error.end


codecs.register_error("keep-escaped", _keep_escaped)


@dataclass(frozen=True)
class RequestTarget:
    """The decoded path, and the query as it was sent, with its `?`."""

    path: str
    raw_query: str
    query: dict[str, list[str]]

    def url(self, scheme: str, host: str) -> str:
        """Return `req.url`: the path decoded and escaped again, the query untouched."""
        escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", quote(self.path, safe=PATH_CHARACTERS))
        return f"{scheme}://{host}{escaped}{self.raw_query}"

    @property
    def params(self) -> dict[str, str]:
        """Return `req.params`: repeated names joined by commas, empty values lost."""
        joined = {name: ",".join(filter(None, values)) for name, values in self.query.items()}
        return {name: value for name, value in joined.items() if value}

    def first(self, name: str) -> str:
        """Return the first value of a query parameter, in whatever case its name is; or ''."""
        values = (values for key, values in self.query.items() if key.lower() == name)
        return next(values, [""])[0]


def read_target(target: str, host: str = "") -> RequestTarget:
    """Read what follows the method on the request line, of a request to `host`.

    Raises:
        ValueError: it names another host, is not a path, or its path holds a null character.
    """
    path, mark, query = _without_origin(target, host).partition("?")
    # %2F stays escaped in a path, or it would become a separator
    decoded = unquote(re.sub(r"%(2[fF])", r"%25\1", path), errors="keep-escaped")
    if "\0" in decoded:
        raise ValueError("the path holds a null character")
    return RequestTarget(_without_dots(decoded), mark + query, _read_query(query))


def _without_origin(target: str, host: str) -> str:
    if target.startswith("/"):
        return target
    origin = re.match(r"https?://([^/?]*)", target, re.IGNORECASE)
    if not origin or origin[1].lower() != host.lower():
        raise ValueError("the request target is neither a path nor a URL of this host")
    rest = target[origin.end() :]
    return rest if rest.startswith("/") else f"/{rest}"


def _without_dots(path: str) -> str:
    segments = path.split("/")[1:]
    if not {".", ".."} & set(segments):
        return path
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _read_query(query: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    spellings: dict[str, str] = {}  # names are the same whatever their case; the first one stays
    for pair in filter(None, query.replace("+", " ").split("&")):
        name, _, value = (unquote(part, errors="keep-escaped") for part in pair.partition("="))
        values.setdefault(spellings.setdefault(name.lower(), name), []).append(value)
    return values
