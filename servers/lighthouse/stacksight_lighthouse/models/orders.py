"""What an audit is asked to do."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stacksight_lighthouse.access import Access, origin_of
from stacksight_lighthouse.models.audits import Category, Device
from stacksight_lighthouse.secrets import mask_values

Mode = Literal["navigation", "snapshot", "timespan"]

ERROR_ONE_ACTION = "give one of click, hover, wait_for, press and fill in each step"
ERROR_TEXT = "`text` belongs to `fill`, and `fill` needs it"

NOTE_MEDIA = "The page was asked for {media}."
NOTE_ACCESS = "The page was given {shown}; their values are not kept."


class Step(BaseModel):
    """One thing that a person would do on the page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    click: str | None = Field(None, max_length=500)
    hover: str | None = Field(None, max_length=500)
    wait_for: str | None = Field(None, max_length=500)
    press: str | None = Field(None, max_length=30)
    fill: str | None = Field(None, max_length=500)
    text: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        actions = (self.click, self.hover, self.wait_for, self.press, self.fill)
        if sum(1 for action in actions if action) != 1:
            raise ValueError(ERROR_ONE_ACTION)
        if (self.fill is None) != (self.text is None):
            raise ValueError(ERROR_TEXT)
        return self


@dataclass(frozen=True)
class Order:
    """What to audit, and how.

    Attributes:
        url: http or https.
        device: whose preset.
        categories: at least one.
        runs: how many times, one after the other.
        deadline_s: for the first look and all runs; waiting for other audits is not counted.
        mode: Lighthouse's: the load of the page, its state after the steps, or what happens
            during the steps.
        steps: what is done on the page; in ``navigation`` mode before the load that is audited.
        viewport: width and height in CSS pixels instead of the preset's.
        media: CSS media features by name, e.g. ``prefers-color-scheme``.
        access: what opens pages behind a login.
    """

    url: str
    device: Device
    categories: Sequence[Category]
    runs: int
    deadline_s: float
    mode: Mode = "navigation"
    steps: Sequence[Step] = ()
    viewport: tuple[int, int] | None = None
    media: Mapping[str, str] = field(default_factory=dict)
    access: Access = field(default_factory=Access)

    @property
    def timed(self) -> bool:
        """Tell whether timings are taken, which nothing else may disturb."""
        return "performance" in self.categories and self.mode != "snapshot"

    def with_login_as_header(self) -> "Order":
        """Return the order with ``user:password@`` of its address turned into a header.

        So it is sent to the page's own origin alone, and stands in no result.
        """
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return self  # no address at all, which the first look tells
        login, at, host = parts.netloc.rpartition("@")
        if not at:
            return self
        user, _, password = login.partition(":")
        credentials = f"{unquote(user)}:{unquote(password)}".encode()
        header = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
        return replace(
            self,
            url=urlunsplit(parts._replace(netloc=host)),
            access=replace(self.access, headers={**header, **self.access.headers}),
        )

    @property
    def shown_url(self) -> str:
        """Return the address as it may be shown and kept."""
        order = self.with_login_as_header()
        return mask_values(order.url, order.secrets())

    def notes(self) -> list[str]:
        """Return in words what of it changed the page."""
        media = [f"{name}: {value}" for name, value in self.media.items()]
        shown = self.access.describe()
        return [
            *([NOTE_MEDIA.format(media=", ".join(media))] if media else []),
            *([NOTE_ACCESS.format(shown=shown)] if shown else []),
        ]

    def secrets(self) -> list[str]:
        """Return what has to be masked in all that the audit yields, the longest first."""
        typed = {step.text for step in self.steps if step.text and len(step.text) >= 4}
        return sorted(self.access.secrets() | typed, key=len, reverse=True)

    def for_worker(self, *, max_wait_s: float, trusting: bool) -> dict[str, Any]:
        """Return it as worker/audit.mjs reads it.

        Args:
            max_wait_s: how long the page may take to load.
            trusting: whether an untrusted TLS certificate is accepted.
        """
        size = self.viewport and dict(zip(("width", "height"), self.viewport, strict=True))
        return {
            "url": self.url,
            "mode": self.mode,
            "device": self.device,
            "categories": list(self.categories),
            "maxWaitMs": int(1000 * max_wait_s),
            "viewport": size or {},
            "media": [{"name": name, "value": value} for name, value in self.media.items()],
            "steps": [step.model_dump(exclude_none=True) for step in self.steps],
            "access": self.access.for_worker(origin_of(self.url)),
            "trusting": trusting,
        }
