"""Errors of the local host.

HostError
├── AppRefusedError          Azure would not start this app, or this host.json
├── PortTakenError           the port is in use, or may not be used
├── ConnectionSettingError   the settings do not lead to a queue's storage account
└── StorageOutOfReachError   the real host ends here, with everything in it
"""


class HostError(Exception):
    """Every error of the local host."""


class AppRefusedError(HostError):
    """The app, or its host.json, is one that Azure would not start."""


class PortTakenError(HostError):
    """Another program listens on the port, or the port may not be used."""


class ConnectionSettingError(HostError):
    """The settings do not say how to reach a queue's storage account."""


class StorageOutOfReachError(HostError):
    """A queue's storage refused a request, or did not answer after every try."""
