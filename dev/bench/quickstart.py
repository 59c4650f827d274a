"""Twilio's own way to answer a call in Python: Flask, its VoiceResponse and its RequestValidator.

From https://www.twilio.com/docs/voice/quickstart/server and
https://www.twilio.com/docs/usage/tutorials/how-to-secure-your-flask-app-by-validating-incoming-twilio-requests
"""

from collections.abc import Callable
from functools import wraps

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from dev.local_settings import AUTH_TOKEN


def quickstart() -> Flask:
    """The app of the tutorials, which says what it is asked to."""
    app = Flask("quickstart")

    @app.route("/api/twiml/message", methods=["GET", "POST"])
    @validated
    def voice() -> Response:
        response = VoiceResponse()
        for words in request.args.getlist("Message"):
            response.say(words)
        return Response(str(response), mimetype="text/xml")

    return app


def validated(answer: Callable[[], Response]) -> Callable[[], Response]:
    """Let in what Twilio signed."""

    @wraps(answer)
    def checked() -> Response:
        validator = RequestValidator(AUTH_TOKEN)
        proof = request.headers.get("X-TWILIO-SIGNATURE", "")
        if not validator.validate(request.url, request.form, proof):
            abort(403)
        return answer()

    return checked
