"""The page for the person on duty, and the overview that it shows."""
