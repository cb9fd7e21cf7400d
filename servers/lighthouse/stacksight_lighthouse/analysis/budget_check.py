"""Holds the runs of an audit against the rules of a budget. What is missing never passes."""

import math
import re
import statistics
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from stacksight_core.names import did_you_mean
from stacksight_core.units import format_bytes, format_count, format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.budget_forms import Rule, read_budget
from stacksight_lighthouse.analysis.budget_presets import REPLACED_BY
from stacksight_lighthouse.analysis.figures import figures_of
from stacksight_lighthouse.models.audits import Figures, StoredAudit
from stacksight_lighthouse.models.budget import BudgetLine, BudgetReport

_ORDER = {("over", "error"): 0, ("not measured", "error"): 1, ("over", "warn"): 2}

_WITHOUT_UNIT = frozenset({"cumulative-layout-shift", "dom-size-insight"})

NOTE_ONE_RUN = "One run: figures of performance vary, so a limit that is near may be met by chance."


def check(audit_id: str, audit: StoredAudit, budget: object) -> BudgetReport:
    """Return whether an audit keeps a budget.

    Args:
        audit_id: the audit's handle.
        audit: the audit, with the figures of all its runs.
        budget: decoded JSON, in one of the forms of ``budget_forms``.

    Raises:
        ToolFailure: the budget is in no known form, or not for this page.
    """
    url = audit.lhr["finalDisplayedUrl"]
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    rules, notes = read_budget(budget, url, path, audit.lhr["audits"].keys())
    lines = [_line(rule, audit) for rule in rules]
    lines.sort(key=lambda line: _ORDER.get((line.outcome, line.level), 3))
    if len(audit.runs) == 1 and any(rule.kind == "maxNumericValue" for rule in rules):
        notes.append(NOTE_ONE_RUN)
    return BudgetReport(
        audit_id=audit_id,
        url=inline(url, 300),
        device=audit.device,
        runs=len(audit.runs),
        passed=not any(line.level == "error" and line.outcome != "within" for line in lines),
        lines=lines,
        notes=[*audit.notes, *notes],
    )


def _line(rule: Rule, audit: StoredAudit) -> BudgetLine:
    representative = figures_of(audit.lhr)
    runs = list(audit.figures) or [representative]
    if rule.method == "median-run" or rule.first_party:
        runs = [representative]
    values = [_value(rule, figures, audit) for figures in runs]
    measured = [value for value in values if isinstance(value, float)]
    reasons = [value for value in values if isinstance(value, str)]
    write = _writer(rule)
    sign = "at least" if rule.kind == "minScore" else "at most"
    line = BudgetLine(
        what=inline(":".join(rule.what), 100),
        level=rule.level,
        limit=f"{sign} {write(rule.limit)}",
        actual=reasons[0] if reasons else "",
        outcome="not measured",
        runs=_written(measured, write) if len(values) > 1 and measured else None,
        method=rule.method if len(values) > 1 or rule.method == "median-run" else None,
    )
    if reasons:  # also when only some of the runs lack it: what is missing is not known to keep it
        return line
    actual = _together(measured, rule)
    within = actual >= rule.limit if rule.kind == "minScore" else actual <= rule.limit
    outcome = "within" if within else "over"
    return line.model_copy(update={"actual": write(actual), "outcome": outcome})


def _written(values: Sequence[float], write: Callable[[float], str]) -> str:
    texts = [write(value) for value in values]
    return f"all {texts[0]}" if len(set(texts)) == 1 else ", ".join(texts)


def _together(values: Sequence[float], rule: Rule) -> float:
    if rule.method == "median":
        return statistics.median(values)
    best = min if rule.kind.startswith("max") else max
    worst = max if rule.kind.startswith("max") else min
    return worst(values) if rule.method == "pessimistic" else best(values)


def _value(rule: Rule, figures: Figures, audit: StoredAudit) -> float | str:
    """Return the figure that a rule limits, or the reason why there is none."""
    name, *rest = rule.what
    if name == "categories":
        return _category(rest[0], figures)
    if name == "resource-summary" and rest:
        return _resource(rule, rest[0], rest[1], figures, audit)
    if name == "user-timings" and rest:
        wanted = _letters(rest[0])
        found = [value for key, value in figures["timings"].items() if _letters(key) == wanted]
        return float(found[0]) if found else "the page makes no such mark or measure"
    return _audit(name, rule, figures, audit)


def _category(name: str, figures: Figures) -> float | str:
    if name not in figures["categories"]:
        near = did_you_mean(name, figures["categories"])
        return f"the audit did not run this category.{near}"
    score = figures["categories"][name]
    return float(score) if score is not None else "Lighthouse gave no score"


def _resource(
    rule: Rule, kind: str, unit: str, figures: Figures, audit: StoredAudit
) -> float | str:
    if kind == "third-party" and rule.first_party:
        return _third_party(unit, rule.first_party, audit)
    if kind not in figures["resources"]:
        return "the audit did not count resources; audit with the category performance"
    return float(figures["resources"][kind][0 if unit == "size" else 1])


def _third_party(unit: str, first_party: Sequence[str], audit: StoredAudit) -> float | str:
    requests = audit.lhr["audits"].get("network-requests", {}).get("details", {}).get("items")
    if requests is None:
        return "the audit did not list requests; audit with the category performance"
    foreign = [
        request
        for request in requests
        if (host := urlsplit(request["url"]).hostname) and not _is_one_of(host, first_party)
    ]
    if unit == "count":
        return float(len(foreign))
    return float(sum(request.get("transferSize") or 0 for request in foreign))


def _is_one_of(host: str, names: Sequence[str]) -> bool:
    """Tell whether a host is one of some names, of which ``*.example.com`` has many."""
    return any(
        host == name or (name.startswith("*.") and f".{host}".endswith(name[1:])) for name in names
    )


def _audit(name: str, rule: Rule, figures: Figures, audit: StoredAudit) -> float | str:
    if name not in figures["audits"]:
        return _why_unknown(name, audit)
    score, mode, number, length = figures["audits"][name]
    if mode in ("error", "manual"):
        reason = audit.lhr["audits"].get(name, {}).get("errorMessage") or f"its result is {mode}"
        return inline(reason, 160)
    if rule.kind == "maxLength":
        return float(length or 0)
    if rule.kind == "maxNumericValue":
        known = isinstance(number, int | float) and math.isfinite(number)
        return float(number) if known else "it has no figure, only a score or items"
    if score is not None:
        return float(score)
    # As lighthouse-ci has it: what does not apply is kept, what only informs has no score to keep.
    return {"notApplicable": 1.0, "informative": 0.0}.get(mode, "Lighthouse gave no score")


def _why_unknown(name: str, audit: StoredAudit) -> str:
    if name in REPLACED_BY:
        version = audit.lhr.get("lighthouseVersion", "")
        return f"Lighthouse {version} has {REPLACED_BY[name]} in its place"
    near = did_you_mean(name, audit.lhr["audits"])
    return f"this audit has no such check.{near}"


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _writer(rule: Rule) -> Callable[[float], str]:
    if rule.kind == "minScore":
        return _score
    if rule.kind == "maxLength" or rule.what[-1] == "count":
        return format_count
    if rule.what[-1] in ("size", "total-byte-weight"):
        return format_bytes
    return _bare if rule.what[0] in _WITHOUT_UNIT else _milliseconds


def _score(value: float) -> str:
    return f"{100 * value:.3g} of 100"


def _milliseconds(value: float) -> str:
    return f"{format_count(value)} ms" if value >= 10 else format_duration(value / 1000)


def _bare(value: float) -> str:
    return f"{value:.3g}"
