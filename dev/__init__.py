"""What developing needs: the local host, the Twilio simulator, commands. Never deployed."""
