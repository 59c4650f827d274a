"""What stops the host from starting, or one queue from being polled."""


class AppRefusedError(Exception):
    """The app, or its host.json, is one that Azure would not start."""


class PortTakenError(Exception):
    """Another program listens on the port, or the port may not be used."""


class ConnectionSettingError(Exception):
    """The settings do not say how to reach a queue's storage account."""
