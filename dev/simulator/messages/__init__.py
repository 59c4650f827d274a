"""Messages: what the app sends, and what people text."""
