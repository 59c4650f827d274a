"""Send a text with the `twilio` library: what Celery's and dramatiq's workers have in common."""

import logging
import os

from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

FROM, BODY = os.environ["TWILIO_FROM_NUMBER"], os.environ["TEXT_BODY"]

# It logs numbers and texts at INFO, which dramatiq's worker would write for each message.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
http_client = TwilioHttpClient()
# A connection for each thread or greenlet: the library keeps as few as four and one per core.
http_client.session.mount("http://", HTTPAdapter(pool_maxsize=int(os.environ["CONNECTIONS"])))
client = Client(http_client=http_client)  # takes the account and its token from the environment
client.api.base_url = os.environ["TWILIO_API_BASE_URL"]


def send(to: str) -> str:
    """Send the text; return its SID."""
    sid: str = client.messages.create(to=to, from_=FROM, body=BODY).sid
    return sid
