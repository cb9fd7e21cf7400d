"""What audit_pages answers with."""

from pydantic import Field

from stacksight_lighthouse.models.audits import Category, Device, Model


class PageRow(Model):
    """One audited page.

    Attributes:
        scores: by category, 0 to 100; a category without a score is left out.
        metrics: LCP, TBT and CLS as people write them.
        failing: how many checks fail.
        worst: the check whose fix brings most.
    """

    audit_id: str
    url: str
    scores: dict[str, int]
    metrics: dict[str, str] = Field(default_factory=dict)
    failing: int
    worst: str | None = None


class SharedPlace(Model):
    """Offenders of one kind, on several pages.

    Attributes:
        where: a selector or an address.
        pages: on how many pages.
        count: how many elements, of all pages together.
    """

    where: str
    pages: int
    count: int


class SharedProblem(Model):
    """A check that fails, on one page or on many.

    Attributes:
        pages: on how many pages it fails.
        points: that fixing it brings, of all pages together.
        places: the kinds of offenders, the most frequent first.
        example_audit: an audit that has it.
    """

    check: str
    title: str
    pages: int
    offenders: int
    points: float
    places: list[SharedPlace] = Field(default_factory=list)
    places_left: int = 0
    fix: str | None = None
    example_audit: str


class PagesReport(Model):
    """What the audits of several pages found.

    Attributes:
        rows: the worst page first.
        problems: what is on most pages and costs most, first.
        other_problems: checks that fail somewhere, without room for more than their names.
        not_audited: pages that gave no result, with the reason. None of them is a good page.
        notes: what the reader has to know about how it was done.
    """

    device: Device
    categories: list[Category]
    rows: list[PageRow]
    problems: list[SharedProblem]
    other_problems: list[str] = Field(default_factory=list)
    not_audited: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
