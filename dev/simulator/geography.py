"""Where a phone number seems to be, as Twilio's FromCity, FromCountry … parameters say it."""

import phonenumbers


def place(side: str, number: str) -> dict[str, str]:
    """The four parameters for one side of a message or call; blank where nothing is known."""
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
