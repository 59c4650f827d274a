"""What rides the queue, and what happens when it arrives."""
