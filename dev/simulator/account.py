"""The account that the simulator serves, and the app that it calls."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials, the sender number, and where webhooks go."""

    sid: str
    auth_token: str = field(repr=False)
    number: str
    app_url: str
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    advanced_opt_out: bool = False
    app_key: str = field(default="local-key", repr=False)  # for the commands on the phone page

    @property
    def logins(self) -> dict[str, str]:
        """The user names of REST requests, with their passwords."""
        names = {self.sid: self.auth_token}
        if self.api_key_sid and self.api_key_secret:
            names[self.api_key_sid] = self.api_key_secret
        return names
