"""What delivering takes from the app beyond what accepting takes: state that a worker shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared.services import Services

if TYPE_CHECKING:
    from shared.deliver.capacity import Capacity
    from shared.deliver.guards import Guards


class DeliverServices(Services, Protocol):
    """Services, and what all deliveries of one worker share."""

    @property
    def guards(self) -> Guards:
        """What can stop a send before Twilio is asked."""
        ...

    @property
    def bulk_capacity(self) -> Capacity:
        """How many recipients of the bulk lane are in hand at once."""
        ...
