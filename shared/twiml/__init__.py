"""TwiML: steps, verbs, documents and the twimlets, as pure functions."""
