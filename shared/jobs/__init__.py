"""The domain: requests, jobs, events and ids."""
