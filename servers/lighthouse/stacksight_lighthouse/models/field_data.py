"""What read_field_data answers with."""

from typing import Literal

from pydantic import Field

from stacksight_lighthouse.models.audits import Model

Scope = Literal["page", "origin"]


class FieldMetric(Model):
    """What real visitors met.

    Attributes:
        name: ``LCP``.
        p75: the value that three quarters of the visits stay within, as people write it.
        rating: good, needs improvement or poor, by Google's thresholds for the 75th percentile.
        good, fair, poor: the shares of visits, in percent; None when the source has none.
    """

    name: str
    p75: str
    rating: str | None = None
    good: float | None = None
    fair: float | None = None
    poor: float | None = None


class FieldData(Model):
    """Measurements of real visits to a page, or to its whole site.

    Attributes:
        asked: the address that was asked for.
        found: whose figures these are; None when there are none.
        scope: whether that is the page or its origin.
        form_factor: phone, desktop, tablet, or all of them.
        period: the days over which visits were counted.
        passes: whether LCP, INP and CLS are all good; None when one of them is unknown.
        notes: what the reader has to know, e.g. why there are no figures.
    """

    asked: str
    found: str | None = None
    scope: Scope | None = None
    form_factor: str
    period: str | None = None
    passes: bool | None = None
    metrics: list[FieldMetric] = Field(default_factory=list)
    shares: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
