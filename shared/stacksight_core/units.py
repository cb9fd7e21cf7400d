"""Quantities as people write them."""

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def format_bytes(count: float) -> str:
    """Write a number of bytes in units of 1,024, as PostgreSQL and ``docker stats`` do."""
    size = float(count)
    for unit in _BYTE_UNITS:
        if abs(size) < 1024 or unit == _BYTE_UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" or abs(size) >= 100 else f"{size:.1f} {unit}"


def format_duration(seconds: float) -> str:
    """Write a duration, given in seconds, with its two largest units: ``2 h 5 min``."""
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds < 0.0995:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.00995 else f"{seconds * 1000:.0f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            large, rest = divmod(whole, size)
            small = rest // smaller
            return f"{large} {unit} {small} {smaller_unit}" if small else f"{large} {unit}"
    return f"{whole} s"


def format_count(count: float) -> str:
    """Write a count with thousands separated: ``1,234,567``."""
    return f"{count:,.0f}"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Write a count with its noun: ``1 row``, ``2 rows``; ``nouns`` where an s does not do."""
    return f"{format_count(count)} {noun if count == 1 else nouns or noun + 's'}"
