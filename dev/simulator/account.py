"""The one account that the simulator serves, and the application that it calls."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """Who may ask, what signs the webhooks, and where they go."""

    sid: str
    auth_token: str = field(repr=False)
    number: str
    app_url: str
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    advanced_opt_out: bool = False

    @property
    def logins(self) -> dict[str, str]:
        """User names and passwords that REST requests may use."""
        names = {self.sid: self.auth_token}
        if self.api_key_sid and self.api_key_secret:
            names[self.api_key_sid] = self.api_key_secret
        return names
