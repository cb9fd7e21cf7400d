"""What the tools answer with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Device = Literal["mobile", "desktop"]
Category = Literal["performance", "accessibility", "best-practices", "seo"]
CATEGORIES: tuple[Category, ...] = ("performance", "accessibility", "best-practices", "seo")


class Model(BaseModel):
    """A part of an answer; it does not change once made."""

    model_config = ConfigDict(frozen=True)


class Rect(Model):
    """Where an element is on the page, in CSS pixels from the page's top left corner."""

    left: int
    top: int
    width: int
    height: int


class Element(Model):
    """An element of the page, as Lighthouse saw it.

    Attributes:
        selector: not always unique; ``path`` is.
        snippet: its opening tag.
        label: the text that a person would call it by.
        explanation: what is wrong with it.
        path: its place in the document: ``1,HTML,1,BODY,0,MAIN``.
        node_id: its key in the full-page screenshot.
    """

    selector: str
    snippet: str
    label: str | None = None
    explanation: str | None = None
    path: str = Field(default="", exclude=True)
    node_id: str | None = Field(None, exclude=True)
    rect: Rect | None = None


class Item(Model):
    """One offender: an element, an address, or a statement, with its figures."""

    element: Element | None = None
    url: str | None = None
    facts: dict[str, str] = {}
    causes: list["Item"] = []


class Pattern(Model):
    """Offenders of the same kind in the same place of the page's structure.

    Attributes:
        count: how many there are.
        where: a selector that matches all of them, or their address.
        example: the first of them.
    """

    count: int
    where: str | None = None
    example: Item


class Metric(Model):
    """A performance metric.

    Attributes:
        name: ``LCP``.
        value: milliseconds; for CLS its own unit. The run that represents all.
        text: the value as people write it.
        rating: good, needs improvement or poor, by the metric's score.
        spread: lowest and highest of several runs.
        detail: what it is made of.
    """

    name: str
    value: float | None = None
    text: str
    rating: str | None = None
    spread: str | None = None
    detail: str | None = None


class Finding(Model):
    """A check that fails.

    Attributes:
        check: Lighthouse's id of the audit.
        categories: those that it counts in.
        points: of its category's score, between 0 and 100, that fixing it brings.
        impact: axe's, and that of this server's own checks: critical, serious, moderate or minor.
        counted: whether it counts in its category's score, by its weight or by a metric.
        savings: for performance, what each metric would gain.
        offenders: how many there are; ``patterns`` hold all of them unless ``patterns_left``.
    """

    check: str
    title: str
    categories: list[Category]
    points: float
    impact: str | None = None
    counted: bool = True
    savings: str | None = None
    offenders: int
    patterns: list[Pattern]
    patterns_left: int = 0
    fix: str | None = None


class AuditReport(Model):
    """What an audit found.

    Attributes:
        audit_id: for the tools that look further into it.
        url: the page that was audited, where redirects ended.
        conditions: device and throttling, in words.
        scores: by category, 0 to 100; a category without a score is in ``not_measured``.
        benchmark_index: the machine's speed at the time, by Lighthouse's measure.
        findings: worst first.
        other_failures: failing checks without room for their elements.
        not_measured: what gave no result, with the reason. None of it is a pass.
        manual: how many checks only a person can make.
    """

    audit_id: str
    url: str
    requested_url: str | None = None
    device: Device
    conditions: str
    scores: dict[str, int]
    metrics: list[Metric] = []
    runs: int = 1
    benchmark_index: int | None = None
    findings: list[Finding]
    other_failures: list[str] = []
    passed: int
    not_applicable: int
    manual: int
    not_measured: list[str] = []
    notes: list[str] = []


class Section(Model):
    """One check of an audit, with its items.

    Attributes:
        state: fails, passes, informs, does not apply, manual, or not measured.
        value: its figure, as Lighthouse writes it.
        total: how many items it has; ``items`` are those of this page.
    """

    check: str
    title: str
    state: str
    value: str | None = None
    fix: str | None = None
    total: int = 0
    items: list[Item] = []


class Topic(Model):
    """What an audit knows about one topic.

    Attributes:
        checks: without a topic: every check by its state.
        next_cursor: where the next page of items begins.
    """

    audit_id: str
    url: str
    topic: str
    sections: list[Section] = []
    checks: dict[str, list[str]] = {}
    next_cursor: str | None = None


Figures = Mapping[str, Mapping[str, Any]]
"""What one run gave, as ``analysis.figures.figures_of`` returns it."""


@dataclass(frozen=True)
class StoredAudit:
    """An audit as it is kept.

    Attributes:
        requested_url: what was asked for; the LHR has where redirects ended.
        device: mobile or desktop: whose preset was used.
        lhr: Lighthouse's result of the run that stands for all.
        runs: the metrics of every run, in order.
        best_index: the best benchmarkIndex seen on this machine, None before the first.
        notes: what the reader has to know about how it was done.
        figures: what a budget can be held against, of every run, in order.
    """

    requested_url: str
    device: Device
    lhr: Mapping[str, Any]
    runs: Sequence[Mapping[str, float]]
    best_index: float | None
    notes: Sequence[str]
    figures: Sequence[Figures] = field(default_factory=list)


class Box(Model):
    """A numbered rectangle in a picture.

    Attributes:
        moved_from: where it was before a layout shift, drawn in dashes.
        hidden: it is scrolled out of sight, or below the picture's end; shown alone it is seen.
        path: its element's place in the document.
    """

    number: int
    what: str
    rect: Rect
    moved_from: Rect | None = None
    hidden: bool = False
    path: str = Field(default="", exclude=True)


class Picture(Model):
    """A picture of an audited page.

    Attributes:
        subject: what it shows.
        left, top, width, height: the part of the page that it shows, in CSS pixels.
        boxes: what is marked in it, or for a film the times of its frames.
        outside: how many offenders lie outside of the part shown, or have no size.
        png: the picture itself.
    """

    audit_id: str
    url: str
    subject: str
    left: int = 0
    top: int = 0
    width: int
    height: int
    boxes: list[Box] = []
    outside: int = 0
    png: bytes = Field(b"", exclude=True)


Verdict = Literal["better", "worse", "not distinguishable"]


class MetricChange(Model):
    """How a metric differs between two audits.

    Attributes:
        before, after: the medians of the runs.
        shift: the Hodges-Lehmann estimate of the difference; positive is worse.
        p: of the exact two-sided Mann-Whitney test.
        detectable: the smallest worsening that these runs could have told from noise.
        noticeable: whether the shift is one that a visitor could notice.
    """

    name: str
    before: str
    after: str
    shift: str
    p: float
    verdict: Verdict
    detectable: str | None = None
    noticeable: bool = Field(default=False, exclude=True)


class PatternChange(Model):
    """A kind of offender that came, went or changed in number."""

    check: str
    where: str
    before: int
    after: int


class Comparison(Model):
    """Whether a page got better or worse.

    Attributes:
        verdict: of all metrics together; None when no runs of performance can be compared.
        unchanged: how many kinds of offenders are in both audits in the same number.
        not_compared: what one of the two did not measure.
    """

    before: str
    after: str
    before_url: str
    after_url: str
    device: Device
    runs: tuple[int, int]
    verdict: Verdict | None = None
    scores: dict[str, str]
    metrics: list[MetricChange] = []
    new: list[PatternChange] = []
    fixed: list[PatternChange] = []
    changed: list[PatternChange] = []
    unchanged: int
    not_compared: list[str] = []
    notes: list[str] = []


class AuditEntry(Model):
    """A kept audit in a list.

    Attributes:
        made: when, in UTC, to the second.
        scores: by category.
        metrics: by name, in milliseconds; CLS in its unit.
    """

    audit_id: str
    made: str
    url: str
    device: Device
    runs: int
    scores: dict[str, int]
    metrics: dict[str, float] = {}


class Trend(Model):
    """How a page went over its audits, from the oldest to the newest.

    Attributes:
        scores: by category; only of audits that have it.
        metrics: by name, as people write them.
        first, last: when the oldest and the newest of them was made.
    """

    url: str
    device: Device
    audits: int
    first: str
    last: str
    scores: dict[str, list[int]]
    metrics: dict[str, list[str]] = {}


class AuditList(Model):
    """Kept audits, newest first.

    Attributes:
        total: how many match.
        trends: of pages that were audited more than once.
        chart: a picture of the only trend, or of none.
    """

    total: int
    audits: list[AuditEntry]
    trends: list[Trend] = []
    next_cursor: str | None = None
    chart: bytes = Field(default=b"", exclude=True)
