"""Well-formed SIDs, as short in a test as `CA1` would be."""

ORIGIN = "https://api.twilio.com"


def sid_of(kind: str, number: int = 1) -> str:
    """Return the SID of a kind (`CA`, `SM`, `RE` …) with a number in it."""
    return f"{kind}{number:032x}"


def recording_url(number: int = 1) -> str:
    """Return where Twilio keeps a recording."""
    account = sid_of("AC")
    return f"{ORIGIN}/2010-04-01/Accounts/{account}/Recordings/{sid_of('RE', number)}"


CA1, CA2, RE1, RE2, RE3, SM1, SM2 = (
    sid_of(kind, number)
    for kind, number in (
        ("CA", 1), ("CA", 2), ("RE", 1), ("RE", 2), ("RE", 3), ("SM", 1), ("SM", 2)
    )
)  # fmt: skip
