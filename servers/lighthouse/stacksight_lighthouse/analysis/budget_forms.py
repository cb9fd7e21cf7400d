"""Reads the forms in which budgets are written: Lighthouse's, lighthouse-ci's, and plain limits.

- ``budget.json``: a list of budgets for paths, with timings, resourceSizes (KiB), resourceCounts.
- lighthouse-ci: ``{"ci": {"assert": …}}``, ``{"assert": …}``, or what stands in it: assertions,
  preset, aggregationMethod, assertMatrix.
- plain limits: ``{"lcp": 2500, "cls": 0.1, "performance": 0.9}``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.budget_presets import NAMES, preset_assertions
from stacksight_lighthouse.analysis.points import METRIC_AUDITS
from stacksight_lighthouse.models.audits import CATEGORIES
from stacksight_lighthouse.models.budget import Level

Kind = Literal["minScore", "maxLength", "maxNumericValue"]
Method = Literal["optimistic", "pessimistic", "median", "median-run"]

RESOURCES = (
    "total document script stylesheet image media font other third-party".split()
)  # of resource-summary
_OTHER_METRICS = {"TTI": "interactive", "TTFB": "server-response-time"}
LIGHTHOUSE_CI_SCORE = 0.9  # what lighthouse-ci asks for when an assertion names no limit
MAX_PATTERN = 300
KIB = 1024

ERROR_FORM = (
    "The budget is in no form that is known here: {problem} Give Lighthouse's budget.json (a list "
    'of {{"path", "timings", "resourceSizes", "resourceCounts"}}), lighthouse-ci assertions '
    '({{"assertions": {{"largest-contentful-paint": ["error", {{"maxNumericValue": 2500}}]}}}}, '
    'or a "preset"), or plain limits ({{"lcp": 2500, "cls": 0.1, "performance": 0.9}}).'
)
ERROR_NO_MATCH = (
    "No part of the budget is for `{url}`: its paths or patterns are {patterns}. Nothing was "
    "checked."
)
NOTE_GONE = (
    "Of {preset} these checks do not exist any more in this Lighthouse and were not made: {checks}."
)


@dataclass(frozen=True)
class Rule:
    """One limit.

    Attributes:
        what: of whom: ("lcp audit",), ("categories", name), ("resource-summary", type, size or
            count), ("user-timings", name).
        kind: what is limited: a score from below, a number of items or a value from above.
        limit: in the unit of what it limits: milliseconds, bytes, a score between 0 and 1.
        level: whether exceeding it fails or only warns.
        method: how several runs count.
        first_party: for third-party resources: the hosts that are not.
    """

    what: tuple[str, ...]
    kind: Kind
    limit: float
    level: Level = "error"
    method: Method = "optimistic"
    first_party: tuple[str, ...] = ()


def read_budget(
    budget: object, url: str, path: str, known: Collection[str]
) -> tuple[list[Rule], list[str]]:
    """Return the rules of a budget for a page, and notes on what it asks for in vain.

    Args:
        budget: decoded JSON.
        url: the page's address.
        path: the address's path with its query.
        known: the ids of the checks of this Lighthouse.

    Raises:
        ToolFailure: it is in no known form, or not for this page.
    """
    if isinstance(budget, list):
        return _budget_json(budget, url, path), []
    if not isinstance(budget, Mapping) or not budget:
        raise _unknown("it is neither a list nor an object with something in it")
    options = _assert_options(budget)
    if options is None:
        return [_plain(name, limit) for name, limit in budget.items()], []
    if "assertMatrix" not in options:
        return _assertions(options, known)
    if {"assertions", "preset", "aggregationMethod"} & options.keys():
        raise _unknown("assertMatrix stands beside other options, which lighthouse-ci refuses")
    entries = [_mapping(entry, "assertMatrix") for entry in _sequence(options["assertMatrix"])]
    fitting = [entry for entry in entries if _fits(entry.get("matchingUrlPattern"), url)]
    if not fitting:
        raise _no_match(url, [entry.get("matchingUrlPattern") for entry in entries])
    results = [_assertions(entry, known) for entry in fitting]
    return [r for rules, _ in results for r in rules], [n for _, notes in results for n in notes]


def _assert_options(budget: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return lighthouse-ci's options, however deep they stand, or None when it is another form."""
    inner: Any = budget
    for key in ("ci", "assert"):
        if isinstance(inner, Mapping) and key in inner:
            inner = inner[key]
    if not isinstance(inner, Mapping):
        raise _unknown("`assert` is no object")
    if "budgetsFile" in inner:
        raise _unknown("budgetsFile names another file; give that file's content or path instead")
    if {"assertions", "preset", "assertMatrix"} & inner.keys():
        return inner
    if all(_is_assertion(value) for value in inner.values()):
        return {"assertions": inner}
    if inner is not budget:
        raise _unknown("`assert` has neither assertions nor a preset nor an assertMatrix")
    return None


def _is_assertion(value: object) -> bool:
    level = value[0] if isinstance(value, list) and value else value
    return level in ("off", "warn", "error")


def _assertions(options: Mapping[str, Any], known: Collection[str]) -> tuple[list[Rule], list[str]]:
    assertions: dict[str, Any] = {}
    notes: list[str] = []
    preset = options.get("preset")
    if preset is not None:
        if preset not in NAMES:
            near = did_you_mean(str(preset), NAMES)
            raise _unknown(f"there is no preset `{inline(str(preset), 60)}`.{near}")
        assertions, gone = preset_assertions(preset, known)
        if gone:
            notes.append(NOTE_GONE.format(preset=preset, checks=", ".join(gone)))
    for key, assertion in _mapping(options.get("assertions", {}), "assertions").items():
        _merge(assertions, _kebab(key), assertion)
    method = options.get("aggregationMethod", "optimistic")
    return [
        rule for key, value in assertions.items() for rule in _asserted(key, value, method)
    ], notes


def _merge(assertions: dict[str, Any], key: str, new: Any) -> None:
    """Lay an assertion over that of a preset: a level alone keeps the preset's options."""
    old = assertions.get(key)
    if isinstance(old, list) and isinstance(new, list) and len(new) > 1:
        new = [new[0], {**old[1], **_mapping(new[1], key)}]
    assertions[key] = new


def _asserted(key: str, assertion: Any, method: Any) -> list[Rule]:
    parts = assertion if isinstance(assertion, list) else [assertion]
    level = parts[0] if parts else None
    if level not in ("off", "warn", "error") or len(parts) > 2:
        raise _unknown(f"the assertion of `{inline(key, 80)}` is not off, warn or error")
    if level == "off":
        return []
    options = _mapping(parts[1], key) if len(parts) > 1 else {}
    surplus = options.keys() - {*get_args(Kind), "aggregationMethod"}
    if surplus:
        near = did_you_mean(min(surplus), get_args(Kind))
        raise _unknown(
            f"`{inline(key, 80)}` has an unknown option `{inline(min(surplus), 40)}`.{near}"
        )
    chosen = options.get("aggregationMethod", method)
    if chosen not in get_args(Method):
        raise _unknown(f"there is no aggregationMethod `{inline(str(chosen), 40)}`")
    limits = {kind: options[kind] for kind in get_args(Kind) if kind in options}
    what = _named(key)
    return [
        Rule(what, kind, _number(limit, key), level, chosen)
        for kind, limit in (limits or {"minScore": LIGHTHOUSE_CI_SCORE}).items()
    ]


def _named(key: str) -> tuple[str, ...]:
    parts = tuple(part for part in re.split(r"[.:]", key) if part)
    first = parts[0] if parts else ""
    if first == "categories" and len(parts) == 2:
        return parts
    if first == "resource-summary" and len(parts) == 3:
        if parts[1] in RESOURCES and parts[2] in ("size", "count"):
            return parts
        raise _unknown(f"`{inline(key, 80)}` is not resource-summary:<type>:<size or count>")
    if first == "user-timings" and len(parts) > 1:
        return first, "-".join(parts[1:])
    if len(parts) != 1:
        raise _unknown(f"`{inline(key, 80)}` is no check, category or resource")
    return parts


def _plain(name: str, limit: object) -> Rule:
    """Return the rule of a bare number: a metric's largest value, a category's least score."""
    key = _kebab(name)
    metric = {**METRIC_AUDITS, **_OTHER_METRICS}.get(name.strip().upper(), key)
    value = _number(limit, name)
    category = key.removeprefix("categories:").removesuffix("-score")
    if category in CATEGORIES:
        if not 0 <= value <= 100:
            raise _unknown(f"a score of {value:g} is not between 0 and 1, nor between 0 and 100")
        return Rule(("categories", category), "minScore", value / 100 if value > 1 else value)
    return Rule(_named(metric), "maxNumericValue", value, method="median")


def _budget_json(budgets: Sequence[Any], url: str, path: str) -> list[Rule]:
    entries = [_mapping(entry, "a budget") for entry in budgets]
    for entry in entries:
        surplus = entry.keys() - {"path", "options", "timings", "resourceSizes", "resourceCounts"}
        if surplus:
            raise _unknown(f"a budget has an unknown part `{inline(min(surplus), 60)}`")
    fitting = [entry for entry in entries if _path_fits(str(entry.get("path", "/")), path)]
    if not fitting:
        raise _no_match(url, [entry.get("path", "/") for entry in entries])
    budget = fitting[-1]  # Lighthouse takes the last one that fits
    hosts = _mapping(budget.get("options", {}), "options").get("firstPartyHostnames", [])
    first_party = tuple(str(host) for host in _sequence(hosts))
    rules = [
        Rule((str(part["metric"]),), "maxNumericValue", _number(part["budget"], "budget"))
        for part in _parts(budget, "timings", "metric")
    ]
    for section, unit, factor in (("resourceSizes", "size", KIB), ("resourceCounts", "count", 1)):
        for part in _parts(budget, section, "resourceType"):
            kind = str(part["resourceType"])
            if kind not in RESOURCES:
                raise _unknown(f"there is no resourceType `{inline(kind, 40)}`")
            limit = _number(part["budget"], section) * factor
            what = ("resource-summary", kind, unit)
            rules.append(Rule(what, "maxNumericValue", limit, first_party=first_party))
    if not rules:
        raise _unknown("the budget for this page has no limits")
    return rules


def _parts(budget: Mapping[str, Any], section: str, key: str) -> list[Mapping[str, Any]]:
    parts = [_mapping(part, section) for part in _sequence(budget.get(section, []))]
    for part in parts:
        if part.keys() != {key, "budget"}:
            raise _unknown(f"every entry of {section} has `{key}` and `budget`, nothing else")
    return parts


def _path_fits(pattern: str, path: str) -> bool:
    """Tell whether a path begins as a pattern says: ``*`` is anything, ``$`` the end."""
    whole = pattern.endswith("$")
    pieces = pattern.removesuffix("$").split("*")
    expression = ".*".join(re.escape(piece) for piece in pieces)
    return re.match(expression + ("$" if whole else ""), path) is not None


def _fits(pattern: object, url: str) -> bool:
    if pattern is None:
        return True
    try:
        return re.search(str(pattern)[:MAX_PATTERN], url) is not None
    except re.error as error:
        raise _unknown(f"matchingUrlPattern is no regular expression: {error}") from error


def _kebab(name: str) -> str:
    """Write ``firstContentfulPaint`` as ``first-contentful-paint``."""
    spaced = re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name.strip())
    return spaced.replace("_", "-").lower()


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unknown(f"the limit of `{inline(name, 60)}` is no number")
    return float(value)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _unknown(f"{inline(name, 60)} is no object")
    return value


def _sequence(value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise _unknown("a list is expected where there is none")
    return value


def _unknown(problem: str) -> ToolFailure:
    return ToolFailure(ERROR_FORM.format(problem=problem if problem[-1] in ".?" else f"{problem}."))


def _no_match(url: str, patterns: Sequence[object]) -> ToolFailure:
    listed = ", ".join(f"`{inline(str(pattern), 60)}`" for pattern in patterns[:5])
    return ToolFailure(ERROR_NO_MATCH.format(url=inline(url), patterns=listed))
