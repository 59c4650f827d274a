"""What we know of every message: events, the fold, the table."""
