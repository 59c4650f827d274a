"""The app: settings, and the services that follow from them, built once per worker when needed.

Imports are as lazy as the services: an answer in TwiML waits for neither storage nor Twilio.
"""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from shared.errors import SettingsError
from shared.log import log
from shared.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core.credentials_async import AsyncTokenCredential

    from shared.deliver.capacity import Capacity
    from shared.deliver.guards import Guards
    from shared.kinds import Kind
    from shared.ledger.ledger import Ledger
    from shared.provider.probe import Probe
    from shared.provider.provider import Provider
    from shared.provider.signature import SignatureValidator
    from shared.storage.checks import StorageChecks
    from shared.storage.queues import Queues
    from shared.storage.table import Table


_UTC_NOW: Final = partial(datetime.now, UTC)
# For ids, tokens and jitter.
_RANDOM_BITS: Final = partial(secrets.randbits, 60)


class App:
    """The services of one environment.

    Every service raises SettingsError while settings are wrong, so that each request says so.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        now: Callable[[], datetime] = _UTC_NOW,
        random: Callable[[], int] = _RANDOM_BITS,
    ) -> None:
        self._environment = environment
        self.now = now
        self.random = random

    def log_settings_errors(self) -> None:
        """Log every setting that is missing, malformed or doubtful, before the first request."""
        try:
            warnings = self.settings.warnings
        except SettingsError as error:
            log("settings_wrong", level=logging.ERROR, problems=str(error))
            return
        for warning in warnings:
            text = f"{warning.path}: {warning.message}"
            log("setting_doubtful", level=logging.WARNING, problem=text)

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self._environment, validate_answer=_validate_answer)

    @cached_property
    def signature(self) -> SignatureValidator:
        from shared.provider.signature import SignatureValidator

        settings = self.settings
        return SignatureValidator(
            settings.public_base_url, settings.auth_tokens, settings.twilio_webhook_keys or {}
        )

    @cached_property
    def table(self) -> Table:
        from shared.ledger.ledger import TABLE
        from shared.storage.azure_table import open_table

        return open_table(self.settings, TABLE, lambda: self.credential)

    @cached_property
    def ledger(self) -> Ledger:
        from shared.ledger.digests import Digests
        from shared.ledger.ledger import Ledger

        return Ledger(self.table, Digests(self.settings.digest_secrets))

    @cached_property
    def queues(self) -> Queues:
        from shared.storage.azure_queues import open_queues

        return open_queues(self.settings, lambda: self.credential)

    @cached_property
    def storage_checks(self) -> StorageChecks:
        from shared.storage.checks import StorageChecks

        return StorageChecks(self.queues, self.table, self.now)

    @cached_property
    def queues_alone(self) -> Queues:
        """The queues by the settings of the storage alone, whatever is wrong with the others."""
        from shared.settings import read_storage_settings
        from shared.storage.azure_queues import open_queues

        return open_queues(read_storage_settings(self._environment), lambda: self.credential)

    @cached_property
    def provider(self) -> Provider:
        from shared.provider.rest_api import TwilioProvider

        return TwilioProvider(self.settings, now=self.now)

    @cached_property
    def guards(self) -> Guards:
        from shared.deliver.guards import Guards

        return Guards(self.settings, self.ledger)

    @cached_property
    def bulk_capacity(self) -> Capacity:
        from shared.deliver.capacity import Capacity

        # Enough that requests to Twilio never wait for the next claim.
        return Capacity(2 * self.settings.twilio_max_concurrency)

    @cached_property
    def probe(self) -> Probe:
        from shared.provider.probe import Probe

        return Probe(self.provider, self.now)

    @cached_property
    def credential(self) -> AsyncTokenCredential:
        from shared.storage.credentials import open_credential

        return open_credential(self.settings)


def _validate_answer(value: str, kind: Kind) -> None:
    """Refuse an answer for callers or texts that cannot be given; raises ValueError."""
    from shared.inbound.answers import parse_answer

    parse_answer(value, kind)
