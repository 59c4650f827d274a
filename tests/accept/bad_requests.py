"""Requests that are refused: what is sent, and every problem that the answer names."""

from typing import Any, Final

TO: Final = "+14155552671"
LONG: Final = "x" * 2049

# what changes in {"to": TO, "body": "Hi"} (None: the field is left out), and the problems
MESSAGES: Final[dict[str, tuple[dict[str, Any], list[tuple[str, str]]]]] = {
    "nothing": ({"to": None, "body": None}, [("$.to", "missing"), ("$", "no_content")]),
    "no content": ({"body": None}, [("$", "no_content")]),
    "an empty body": ({"body": ""}, [("$", "no_content")]),
    "an unknown field": ({"boby": 1}, [("$.boby", "unknown_field")]),
    "an unknown field with an odd name": ({"a b": 1}, [("$['a b']", "unknown_field")]),
    "a call's field": ({"say": "Hi"}, [("$.say", "unknown_field")]),
    "a null": ({"to": []}, [("$.to", "too_short")]),
    "to of a wrong type": ({"to": 5}, [("$.to", "wrong_type")]),
    "body of a wrong type": ({"body": ["Hi"]}, [("$.body", "wrong_type")]),
    "101 recipients": ({"to": [f"+1415555{n:04}" for n in range(101)]}, [("$.to", "too_long")]),
    "101 recipients, one of a wrong type": (
        {"to": [*(f"+1415555{n:04}" for n in range(100)), 5]},
        [("$.to", "too_long"), ("$.to[100]", "wrong_type")],
    ),
    "a body of 1601 characters": ({"body": "x" * 1601}, [("$.body", "too_long")]),
    "control characters": ({"body": "a\x00b\x0b"}, [("$.body", "forbidden_character")]),
    "an invalid number": ({"to": "+1"}, [("$.to", "invalid_number")]),
    "a national number": ({"to": "415-555-2671"}, [("$.to", "invalid_number")]),
    "an empty number": ({"to": ""}, [("$.to", "too_short")]),
    "a premium-rate number": ({"to": "+19005551234"}, [("$.to", "premium_rate")]),
    "an unknown channel": ({"to": "telegram:+14155552671"}, [("$.to", "invalid_number")]),
    "a client": ({"to": "client:alice"}, [("$.to", "invalid_number")]),
    "bad ones among recipients": (
        {"to": [TO, "x", 5, "+19005551234", TO]},
        [("$.to[2]", "wrong_type"), ("$.to[1]", "invalid_number"), ("$.to[3]", "premium_rate"),
         ("$.to[4]", "duplicate")],
    ),
    "bad recipients of the right type": (
        {"to": [TO, "x", "+19005551234", TO]},
        [("$.to[1]", "invalid_number"), ("$.to[2]", "premium_rate"), ("$.to[3]", "duplicate")],
    ),
    "an invalid sender": ({"from": "+1415"}, [("$.from", "invalid_number")]),
    "a sender of control characters": ({"from": "rcs:a\x00b"}, [("$.from", "invalid_number")]),
    "an invalid service": (
        {"messaging_service_sid": "MG1"},
        [("$.messaging_service_sid", "malformed")],
    ),
    "media from a private host": (
        {"media_url": "https://169.254.169.254/latest"},
        [("$.media_url", "link_not_allowed")],
    ),
    "media without TLS": (
        {"media_url": ["https://example.com/a.png", "http://example.com/a.png"]},
        [("$.media_url[1]", "link_not_allowed")],
    ),
    "eleven media": (
        {"media_url": [f"https://example.com/{n}" for n in range(11)]},
        [("$.media_url", "too_long")],
    ),
    "a link too long": (
        {"media_url": f"https://example.com/{LONG}"},
        [("$.media_url", "too_long")],
    ),
    "a callback to this machine": (
        {"status_callback": "http://127.0.0.1/x"},
        [("$.status_callback", "link_not_allowed")],
    ),
    "a callback to ourselves": (
        {"status_callback": "https://switchboard.example:443/api/webhooks/status/x"},
        [("$.status_callback", "link_not_allowed")],
    ),
    "media from our own routes": (
        {"media_url": "https://switchboard.example/api/twiml/menu"},
        [("$.media_url", "link_not_allowed")],
    ),
    "a WhatsApp user from a number": (
        {"to": "whatsapp:+14155552671", "from": TO},
        [("$.from", "channel_mismatch")],
    ),
    "a number from WhatsApp": (
        {"from": "whatsapp:+14155552671"},
        [("$.from", "channel_mismatch")],
    ),
    "a WhatsApp user from an RCS sender": (
        {"to": "whatsapp:+14155552671", "from": "rcs:brand"},
        [("$.from", "channel_mismatch")],
    ),
    "a mixed list from a number": (
        {"to": [TO, "whatsapp:+14155552671"], "from": "ACME"},
        [("$.from", "channel_mismatch")],
    ),
    "a WhatsApp user of no country": (
        {"to": "whatsapp:+999123456789"},
        [("$.to", "invalid_number")],
    ),
    "an invalid RCS address": ({"to": "rcs:+1415"}, [("$.to", "invalid_number")]),
    "a fallback without a service": (
        {"fallback_from": TO},
        [("$.fallback_from", "conflict")],
    ),
    "an invalid fallback": (
        {"fallback_from": "+1415", "messaging_service_sid": "MG" + "0" * 32},
        [("$.fallback_from", "invalid_number")],
    ),
    "short URLs from a name that begins as a service": (
        {"shorten_urls": True, "from": "MGMT"},
        [("$.shorten_urls", "conflict")],
    ),
    "an offset without a colon": (
        {"send_at": "2026-11-21T13:00:00-0500"},
        [("$.send_at", "malformed")],
    ),
    "a schedule without a time": (
        {"schedule_type": "fixed"},
        [("$.schedule_type", "conflict")],
    ),
    "an unknown check": ({"risk_check": "off"}, [("$.risk_check", "not_one_of")]),
    "a retention of nothing": ({"content_retention": 1}, [("$.content_retention", "wrong_type")]),
    "a long number": ({"validity_period": 10**400}, [("$.validity_period", "out_of_range")]),
    "a template and a body": (
        {"content_sid": "HX" + "0" * 32},
        [("$", "conflict")],
    ),
    "variables without a template": (
        {"content_variables": {"1": "x"}},
        [("$.content_variables", "conflict")],
    ),
    "a variable of a wrong type": (
        {"body": None, "content_sid": "HX" + "0" * 32, "content_variables": {"1": 5}},
        [("$.content_variables.1", "wrong_type")],
    ),
    "short URLs without a service": ({"shorten_urls": True}, [("$.shorten_urls", "conflict")]),
    "a validity of nothing": ({"validity_period": 0}, [("$.validity_period", "out_of_range")]),
    "a validity too long": ({"validity_period": 36_001}, [("$.validity_period", "out_of_range")]),
    "a time without a zone": ({"send_at": "2026-11-21T13:00:00"}, [("$.send_at", "malformed")]),
    "an invalid time": ({"send_at": "soon"}, [("$.send_at", "malformed")]),
    "a time in the past": ({"send_at": "2026-11-21T11:58:59Z"}, [("$.send_at", "in_the_past")]),
    "a time in another zone, in the past": (
        {"send_at": "2026-11-21T12:00:00+02:00"},
        [("$.send_at", "in_the_past")],
    ),
    "a time too far": ({"send_at": "2027-11-23T12:00:00Z"}, [("$.send_at", "too_far")]),
    "an unknown lane": ({"lane": "fast"}, [("$.lane", "not_one_of")]),
    "metadata of eleven": (
        {"metadata": {str(n): "x" for n in range(11)}},
        [("$.metadata", "too_long")],
    ),
    "metadata of a wrong type": (
        {"metadata": {"a": 1, "b c": None}},
        [("$.metadata.a", "wrong_type"), ("$.metadata['b c']", "wrong_type")],
    ),
    "metadata too long": (
        {"metadata": {"a": "x" * 257, "k" * 65: "x"}},
        [("$.metadata.a", "too_long"), ("$.metadata", "too_long")],
    ),
    "more than a queue message holds": (
        {"body": None, "content_sid": "HX" + "0" * 32, "content_variables": {"1": "x" * 60_000}},
        [("$", "too_large")],
    ),
    "everything at once": (
        {"to": "x", "body": 5, "from": 5, "lane": 1, "extra": 1, "metadata": {"a": 1}},
        [("$.extra", "unknown_field"), ("$.body", "wrong_type"), ("$.from", "wrong_type"),
         ("$.lane", "wrong_type"), ("$.metadata.a", "wrong_type"), ("$.to", "invalid_number")],
    ),
}  # fmt: skip

# what changes in {"to": TO, "say": "Hi"}
CALLS: Final[dict[str, tuple[dict[str, Any], list[tuple[str, str]]]]] = {
    "no content": ({"say": None}, [("$", "no_content")]),
    "an empty text": ({"say": ""}, [("$.say", "too_short")]),
    "say and url": ({"url": "https://example.com/a.xml"}, [("$", "conflict")]),
    "a message's field": ({"body": "Hi"}, [("$.body", "unknown_field")]),
    "control characters": ({"say": "a\x00b"}, [("$.say", "forbidden_character")]),
    "an invalid number": ({"to": "+1"}, [("$.to", "invalid_number")]),
    "a WhatsApp user": ({"to": "whatsapp:+14155552671"}, [("$.to", "invalid_number")]),
    "a sender of letters": ({"from": "ACME"}, [("$.from", "invalid_number")]),
    "a client without a name": ({"to": "client:"}, [("$.to", "invalid_number")]),
    "a client's name with a blank": ({"to": "client:a b"}, [("$.to", "invalid_number")]),
    "a SIP address with a NUL": ({"to": "sip:a@b\x00"}, [("$.to", "invalid_number")]),
    "a sender without a name": ({"from": "client:"}, [("$.from", "invalid_number")]),
    "TwiML that is not XML": ({"say": None, "twiml": "<Response>"}, [("$.twiml", "not_xml")]),
    "TwiML of something else": ({"say": None, "twiml": "<Html/>"}, [("$.twiml", "not_twiml")]),
    "TwiML too long": (
        {"say": None, "twiml": f"<Response>{'x' * 4000}</Response>"},
        [("$.twiml", "too_long")],
    ),
    "an unknown verb": (
        {"say": None, "steps": [{"say": "Hi"}, {"sing": "Hi"}]},
        [("$.steps[1].sing", "unknown_verb")],
    ),
    "steps of a wrong type": (
        {"say": None, "steps": ["say", {"sing": "Hi"}]},
        [("$.steps[0]", "not_a_step"), ("$.steps[1].sing", "unknown_verb")],
    ),
    "a url on a private host": (
        {"say": None, "url": "https://10.0.0.1/x"},
        [("$.url", "link_not_allowed")],
    ),
    "a url without TLS": (
        {"say": None, "url": "http://example.com/x"},
        [("$.url", "link_not_allowed")],
    ),
    "a voice without a text": (
        {"say": None, "twiml": "<Response/>", "voice": "alice", "language": "en"},
        [("$.voice", "conflict"), ("$.language", "conflict")],
    ),
    "an unknown detection": (
        {"machine_detection": "enable"},
        [("$.machine_detection", "not_one_of")],
    ),
    "detection in the background without detection": (
        {"async_amd": True},
        [("$.async_amd", "conflict")],
    ),
    "a client's name that no token has": (
        {"to": "client:alice%20smith"},
        [("$.to", "invalid_number")],
    ),
    "a number from a client": ({"from": "client:bob"}, [("$.from", "channel_mismatch")]),
    "our own webhook": (
        {"say": None, "url": "https://switchboard.example/api/webhooks/calls"},
        [("$.url", "link_not_allowed")],
    ),
    "another call's script": (
        {"say": None, "url": "https://switchboard.example/api/twiml/calls/x"},
        [("$.url", "link_not_allowed")],
    ),
    "steps that come back to a webhook": (
        {
            "say": None,
            "steps": [
                {"gather": {"action": "https://switchboard.example/api/webhooks/status/x"}},
            ],
        },
        [("$.steps", "link_not_allowed")],
    ),
    "TwiML that comes back to a webhook": (
        {
            "say": None,
            "twiml": "<Response><Redirect>https://switchboard.example/api/webhooks/calls"
            "</Redirect></Response>",
        },
        [("$.twiml", "link_not_allowed")],
    ),
    "a premium-rate number in steps": (
        {"say": None, "steps": [{"say": "Hi"}, {"dial": "+19005551234"}]},
        [("$.steps", "premium_rate")],
    ),
    "a premium-rate number in national form in TwiML": (
        {"say": None, "twiml": "<Response><Dial><Number>900-555-1234</Number></Dial></Response>"},
        [("$.twiml", "premium_rate")],
    ),
    "an invalid number in TwiML": (
        {"say": None, "twiml": "<Response><Sms to='12'>Hi</Sms></Response>"},
        [("$.twiml", "invalid_number")],
    ),
    "six passports": ({"passports": "a,b,c,d,e,f"}, [("$.passports", "too_long")]),
    "a fallback on a private host": (
        {"fallback_url": "https://10.0.0.1/x"},
        [("$.fallback_url", "link_not_allowed")],
    ),
    "a recording callback to ourselves": (
        {"record": True, "recording_status_callback": "https://switchboard.example/x"},
        [("$.recording_status_callback", "link_not_allowed")],
    ),
    "a detection's threshold": (
        {"machine_detection_speech_threshold": 999},
        [("$.machine_detection_speech_threshold", "out_of_range")],
    ),
    "an unknown event": (
        {"status_callback": "https://example.com/x", "status_callback_event": ["over"]},
        [("$.status_callback_event[0]", "not_one_of")],
    ),
    "a timeout too long": ({"timeout": 601}, [("$.timeout", "out_of_range")]),
    "a time limit of nothing": ({"time_limit": 0}, [("$.time_limit", "out_of_range")]),
    "invalid digits": ({"send_digits": "call me"}, [("$.send_digits", "malformed")]),
    "33 digits": ({"send_digits": "1" * 33}, [("$.send_digits", "malformed")]),
    "record of a wrong type": ({"record": "yes"}, [("$.record", "wrong_type")]),
}
