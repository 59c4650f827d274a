"""The parts of the app, built once per worker, each when it is first needed.

Imports are as lazy as the parts: an answer in TwiML waits for neither storage nor Twilio.
"""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from shared.errors import SettingsError
from shared.log import log
from shared.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core.credentials_async import AsyncTokenCredential

    from shared.accept.accept import Accept
    from shared.accept.batch import AcceptBatch
    from shared.answer.inbound import Inbound
    from shared.answer.signature import SignatureCheck
    from shared.carrier.carrier import Carrier
    from shared.carrier.probe import Probe
    from shared.deliver.arrive import Arrive
    from shared.deliver.cancel import Cancel
    from shared.deliver.deliver import Deliver
    from shared.deliver.job_queue import JobQueue
    from shared.deliver.reconcile import Reconcile
    from shared.deliver.retry import Retry
    from shared.ledger.ledger import Ledger
    from shared.ledger.rows import Rows


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def random_bits() -> int:
    """60 random bits, for ids, tokens and jitter."""
    return secrets.randbits(60)


class Gateway:
    """The parts that an environment's settings make; a part that cannot be built raises then.

    Every part raises SettingsError while settings are wrong, so that each request says so.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        now: Callable[[], datetime] = utc_now,
        random: Callable[[], int] = random_bits,
    ) -> None:
        self._environment = environment
        self.now = now
        self.random = random

    def say_what_is_wrong(self) -> None:
        """Log every setting that is missing or malformed, before the first request meets it."""
        try:
            self.settings  # noqa: B018 - building them is the check
        except SettingsError as error:
            log("settings_wrong", level=logging.ERROR, problems=str(error))

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self._environment)

    @cached_property
    def signature(self) -> SignatureCheck:
        from shared.answer.signature import SignatureCheck

        settings = self.settings
        return SignatureCheck(
            settings.public_base_url, settings.auth_tokens, settings.twilio_webhook_keys or {}
        )

    @cached_property
    def rows(self) -> Rows:
        from shared.ledger.ledger import TABLE
        from shared.ledger.rows_in_table import open_table

        return open_table(self.settings, TABLE, self._identity)

    @cached_property
    def ledger(self) -> Ledger:
        from shared.ledger.ledger import Ledger

        return Ledger(self.rows)

    @cached_property
    def queue(self) -> JobQueue:
        from shared.deliver.job_queue_in_storage import open_queues

        return open_queues(self.settings, self._identity)

    @cached_property
    def carrier(self) -> Carrier:
        from shared.carrier.twilio_carrier import TwilioCarrier

        return TwilioCarrier(self.settings, now=self.now)

    @cached_property
    def accept(self) -> Accept:
        from shared.accept.accept import Accept

        return Accept(
            settings=self.settings,
            ledger=self.ledger,
            queue=self.queue,
            now=self.now,
            random=self.random,
        )

    @cached_property
    def accept_batch(self) -> AcceptBatch:
        from shared.accept.batch import AcceptBatch

        return AcceptBatch(
            accept=self.accept,
            ledger=self.ledger,
            settings=self.settings,
            now=self.now,
            random=self.random,
        )

    @cached_property
    def deliver(self) -> Deliver:
        from shared.deliver.deliver import Deliver

        return Deliver(
            settings=self.settings,
            ledger=self.ledger,
            queue=self.queue,
            carrier=self.carrier,
            now=self.now,
            random=self.random,
        )

    @cached_property
    def arrive(self) -> Arrive:
        from shared.deliver.arrive import Arrive

        return Arrive(accept=self.accept, deliver=self.deliver)

    @cached_property
    def inbound(self) -> Inbound:
        from shared.answer.inbound import Inbound

        return Inbound(ledger=self.ledger, queue=self.queue, now=self.now, random=self.random)

    @cached_property
    def cancel(self) -> Cancel:
        from shared.deliver.cancel import Cancel

        return Cancel(ledger=self.ledger, carrier=self.carrier, now=self.now)

    @cached_property
    def retry(self) -> Retry:
        from shared.deliver.retry import Retry

        return Retry(ledger=self.ledger, queue=self.queue, now=self.now)

    @cached_property
    def reconcile(self) -> Reconcile:
        from shared.deliver.reconcile import Reconcile

        return Reconcile(
            settings=self.settings, ledger=self.ledger, carrier=self.carrier, now=self.now
        )

    @cached_property
    def probe(self) -> Probe:
        from shared.carrier.probe import Probe

        return Probe(self.carrier, self.now)

    def _identity(self) -> AsyncTokenCredential:
        """Who the app is where no connection string says so."""
        from azure.identity.aio import DefaultAzureCredential

        return DefaultAzureCredential(
            managed_identity_client_id=self.settings.message_storage_client_id
        )
