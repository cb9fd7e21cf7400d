"""Where in a statement something is."""


def describe_position(sql: str, index: int | None) -> str:
    """Return where in ``sql`` the character ``index`` is, with the text around it, or nothing."""
    if index is None or not 0 <= index <= len(sql):
        return ""
    line = sql.count("\n", 0, index) + 1
    column = index - (sql.rfind("\n", 0, index) + 1) + 1
    before, after = sql[max(0, index - 25) : index], sql[index : index + 25]
    around = f"{before}⟨here⟩{after}".replace("\n", " ")
    return f" at line {line}, column {column}: …{around}…"
