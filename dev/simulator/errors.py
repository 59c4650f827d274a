"""Twilio's error codes, and the exception that carries them to a REST client.

Source: https://www.twilio.com/docs/api/errors
"""

from http import HTTPStatus

import msgspec

BAD = HTTPStatus.BAD_REQUEST

# code -> (HTTP status, message; {} is where the offending value goes)
REFUSALS: dict[int, tuple[int, str]] = {
    20001: (BAD, "Invalid parameter: {}"),
    20003: (HTTPStatus.UNAUTHORIZED, "Authenticate"),
    20009: (HTTPStatus.CONFLICT, "Cannot delete this resource before it is complete"),
    20404: (HTTPStatus.NOT_FOUND, "The requested resource {} was not found"),
    20429: (HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests"),
    20500: (HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error"),
    20503: (HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable"),
    21201: (BAD, "No 'To' number is specified"),
    21205: (BAD, "Url is not a valid URL: {}"),
    21206: (BAD, "Invalid SendDigits: {}"),
    21207: (BAD, "Invalid MachineDetection: {}"),
    21208: (BAD, "Invalid {}"),
    21209: (BAD, "Invalid HTTP method: {}"),
    21210: (BAD, "The source phone number provided, {}, is not yet verified for your account."),
    21211: (BAD, "Invalid 'To' Phone Number: {}"),
    21212: (BAD, "The 'From' number {} is not a valid phone number, shortcode, or sender ID."),
    21213: (BAD, "No 'From' number is specified"),
    21214: (BAD, "The phone number you are attempting to call, {}, cannot be reached."),
    21215: (BAD, "Account not authorized to call {}."),
    21216: (BAD, "Account not allowed to call {}"),
    21217: (BAD, "The phone number you are attempting to call, {}, is not valid."),
    21218: (BAD, "Invalid ApplicationSid: {}"),
    21220: (BAD, "Call is not in-progress. Cannot redirect."),
    21408: (
        BAD,
        "Permission to send an SMS has not been enabled for the region indicated by 'To': {}",
    ),
    21602: (BAD, "Message body is required."),
    21603: (BAD, "A 'From' phone number is required."),
    21604: (BAD, "A 'To' phone number is required."),
    21606: (BAD, "The 'From' phone number {} is not a valid, SMS-capable number of your account."),
    21609: (BAD, "The 'StatusCallback' URL {} is not a valid URL."),
    21610: (BAD, "Attempt to send to unsubscribed recipient"),
    21611: (
        BAD,
        "This 'From' number {} has exceeded the maximum number of queued messages",
    ),
    21612: (
        BAD,
        "The 'To' phone number {} is not currently reachable using the 'From' phone number",
    ),
    21614: (BAD, "'To' number {} is not a valid mobile number"),
    21617: (BAD, "The concatenated message body exceeds the 1600 character limit"),
    21620: (BAD, "Invalid media URL(s): {}"),
    21623: (BAD, "Number of media files exceeds allowed limit"),
    21656: (BAD, "The ContentVariables parameter is invalid."),
    21705: (BAD, "The Messaging Service Sid {} is invalid."),
    30409: (HTTPStatus.CONFLICT, "Message is not scheduled and cannot be canceled"),
    32018: (BAD, "Twiml parameter is longer than 4000 characters"),
    35111: (BAD, "SendAt timestamp is missing"),
    35112: (BAD, "ScheduleType parameter is missing or not 'fixed'"),
    35114: (
        BAD,
        "SendAt time must be between 300 seconds and 35 days (3024000 seconds) in the future",
    ),
    35118: (BAD, "MessagingServiceSid is required to schedule a message"),
}

# Codes that a message's status callback can report later.
DELIVERY_ERRORS: dict[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
    21610: "Attempt to send to unsubscribed recipient",
}


class RefusalError(Exception):
    """A request is refused: a code of the table above, with the value that caused it."""

    def __init__(self, code: int, value: str = "") -> None:
        self.code = code
        self.status, template = REFUSALS[code]
        self.message = template.format(value)
        super().__init__(f"{code}: {self.message}")


def error_body(code: int, message: str, status: int) -> bytes:
    """Return the body of an error of Twilio's REST API."""
    return msgspec.json.encode(
        {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": int(status),
        }
    )
