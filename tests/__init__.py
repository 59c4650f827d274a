"""The suite: one folder for each package."""
