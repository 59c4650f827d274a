"""Runs calls: fetches TwiML, does what it says to a simulated person, keeps the transcript."""
