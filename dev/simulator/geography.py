"""The parameters FromCity, FromCountry and so on, as far as a number's prefix tells them."""

import phonenumbers


def describe_place(side: str, number: str) -> dict[str, str]:
    """Return the four parameters for one side, ``From`` or ``To``; blank if unknown."""
    try:
        parsed = phonenumbers.parse(number.rpartition(":")[2])
        country = phonenumbers.region_code_for_number(parsed) or ""
    except phonenumbers.NumberParseException:
        country = ""
    return {
        f"{side}City": "",
        f"{side}State": "",
        f"{side}Zip": "",
        f"{side}Country": country,
    }
