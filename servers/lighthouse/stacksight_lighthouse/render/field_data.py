"""The answer of read_field_data as text. No I/O."""

from stacksight_core.layout import render_table
from stacksight_lighthouse.models.field_data import FieldData

_VERDICTS = {
    True: "Core Web Vitals pass",
    False: "Core Web Vitals do NOT pass",
    None: "Core Web Vitals are not known",
}


def render_field(data: FieldData) -> str:
    """Write the verdict, then each metric with its 75th percentile and its shares."""
    if data.found is None:
        return "\n".join([f"No field data for {data.asked}.", *data.notes])
    lines = [
        f"{_VERDICTS[data.passes]} for real visitors of the {data.scope} {data.found} "
        f"({data.form_factor} devices, {data.period or 'period unknown'}).",
        *(f"Note: {note}" for note in data.notes),
    ]
    columns = ["metric", "75th percentile", "rating", "good %", "needs improvement %", "poor %"]
    rows = [[m.name, m.p75, m.rating, m.good, m.fair, m.poor] for m in data.metrics]
    lines.append(render_table(columns, rows) if rows else "The record holds no metric.")
    lines += [f"{words}: {text}" for words, text in data.shares.items()]
    lines.append(
        "These are visits with Chrome over the 28 days before; a change made since is not in them "
        "yet. Why it is so: run_audit(url), a laboratory measurement."
    )
    return "\n".join(lines)
