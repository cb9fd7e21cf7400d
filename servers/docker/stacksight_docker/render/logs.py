"""Logs as text."""

from stacksight_core.units import format_bytes, format_count, plural
from stacksight_core.untrusted import fence
from stacksight_docker.logs.answer import Coverage, LogAnswer
from stacksight_docker.logs.lines import LineView
from stacksight_docker.logs.patterns import Group, Summary


def render_logs(answer: LogAnswer) -> str:
    """Write what was read, then the lines or the patterns, then how to go on."""
    several = len(answer.coverage) > 1
    parts = ["\n".join(_coverage(c) for c in answer.coverage)]
    if answer.summary is not None:
        parts.append(_summary(answer.summary, several=several))
    else:
        parts.append(_lines(answer, several=several))
    if answer.new_cursor:
        parts.append(
            f'Only what is new after this: the same call with cursor="{answer.new_cursor}"'
        )
    return "\n\n".join(parts)


def _coverage(coverage: Coverage) -> str:
    trouble = f"; {coverage.trouble}" if coverage.trouble else ""
    head = f"{coverage.container}: {coverage.status}{trouble}."
    if coverage.problem:
        return f"{head} {coverage.problem}."
    lines = plural(coverage.lines_read, "line")
    if coverage.lines_read == 0:
        return f"{head} No lines" + (" were written." if coverage.complete else " could be read.")
    back = f"back to {(coverage.back_to or '')[:19]}Z"
    later = "; later lines of the window were not read" if coverage.later_left else ""
    if coverage.complete:
        every = "" if later else "all "
        return f"{head} Read {every}{lines}, {back}{later}."
    size = format_bytes(coverage.unread_bytes) if coverage.unread_bytes else ""
    older = f"older lines ({size}) were not read" if size else "older lines were not read"
    return f"{head} Read the last {lines}, {back}; {older}{later}."


def _lines(answer: LogAnswer, *, several: bool) -> str:
    matched, shown = answer.matched or 0, answer.shown or 0
    if not answer.lines:
        return f"No line passes ({answer.asked})."
    left = matched - shown
    head = f"{plural(matched, 'record')} for {answer.asked}"
    if left > 0:
        head += f"; {format_count(left)} of them not shown: narrow by match, level, since or until"
    parts = [head]
    if answer.first_error and answer.first_error not in _texts(answer):
        parts.append(fence(answer.first_error, "first error since the last start"))
    parts.append(fence("\n".join(_line(v, several=several) for v in answer.lines), "log lines"))
    return "\n".join(parts)


def _texts(answer: LogAnswer) -> str:
    return "\n".join(f"{v.time[11:23]} {v.container}: {v.text}" for v in answer.lines)


def _line(view: LineView, *, several: bool) -> str:
    name = f" {view.container}" if several else ""
    stream = " err" if view.stream == "err" else ""
    mark = "" if view.matched else " ."
    again = ""
    if view.repeated > 1:
        again = f" (x{view.repeated}, until {(view.until or '')[11:23]})"
    return f"{view.time[11:23]}{name}{stream}{mark}: {view.text}{again}"


def _summary(summary: Summary, *, several: bool) -> str:
    levels = ", ".join(f"{format_count(n)} {level}" for level, n in summary.levels.items())
    sections = [f"{plural(summary.records, 'record')}: {levels or 'nothing'}"]
    said = []
    for ending in summary.endings:
        if ending.said:
            said.append(f"before {ending.container} ended ({ending.what}):")
            said += [f"  {line}" for record in ending.said for line in record.split("\n")]
        if ending.earlier:
            said.append(f"all ends of {ending.container} that the engine remembers:")
            said += [f"  {line}" for line in ending.earlier]
    if summary.first_error:
        said.append(f"first error since the last start: {summary.first_error}")
    if said:
        sections.append(fence("\n".join(said), "ends and first error"))
    named = (("errors", summary.errors), ("warnings", summary.warnings), ("others", summary.others))
    groups = "\n".join(
        f"{name}:\n" + "\n".join(_group(group, several=several) for group in members)
        for name, members in named
        if members
    )
    if groups:
        sections.append(fence(groups, "records by shape, with counts"))
    if summary.groups_left_out:
        left = plural(summary.groups_left_out, "rarer shape")
        sections.append(f'{left} not shown: narrow by match or level, or mode="lines".')
    if summary.last:
        sections.append(fence("\n".join(summary.last), "last records"))
    return "\n".join(sections)


def _group(group: Group, *, several: bool) -> str:
    name = f" [{', '.join(group.containers[:3])}]" if several else ""
    change = f" ({group.change})" if group.change else ""
    line = f"{format_count(group.count)}x {when(group)}{name}{change} {group.shape}"
    if not group.sample:
        return line
    return line + "".join(f"\n    {sample}" for sample in group.sample.split("\n"))


def when(group: Group) -> str:
    """Write the times of day of a group's first and last record."""
    first, last = group.first[11:19], group.last[11:19]
    return first if first == last else f"{first}-{last}"
