"""The calls engine: legs, the people on them, and the TwiML that they hear."""
