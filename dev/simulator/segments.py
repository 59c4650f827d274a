"""How many SMS segments a text takes (GSM 03.38, else UCS-2)."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")
GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67


def segments(text: str) -> int:
    """Count the segments: one for an empty text, as Twilio bills it."""
    letters = set(text)
    if letters <= GSM_BASIC:
        units = len(text)
    elif letters <= GSM_BASIC | GSM_EXTENDED:
        units = len(text) + sum(letter in GSM_EXTENDED for letter in text)
    else:
        return _parts(len(text.encode("utf-16-le")) // 2, UCS2_SINGLE, UCS2_PART)
    return _parts(units, GSM_SINGLE, GSM_PART)


def _parts(units: int, single: int, part: int) -> int:
    return 1 if units <= single else -(-units // part)
