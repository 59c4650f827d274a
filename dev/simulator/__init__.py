"""A stand-in for Twilio on 127.0.0.1: REST API, callbacks, calls, faults and a phone page."""
