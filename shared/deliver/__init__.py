"""What the queue carries, and what happens when it arrives."""
