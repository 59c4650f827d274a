"""The paths below ``/_simulator`` and the phone page."""
