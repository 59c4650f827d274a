"""What people text, say and press."""
