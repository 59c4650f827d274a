"""A stand-in for Twilio on 127.0.0.1: its REST API, callbacks, TwiML calls and faults to order."""
