"""What we say when Twilio asks: signatures, webhooks, verbs, twimlets, access tokens."""
