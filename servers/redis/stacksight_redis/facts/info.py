"""INFO's answer as names and values. Pure."""


def parse_info(answer: bytes) -> dict[str, str]:
    """Turn ``name:value`` lines into a mapping; section titles are left out."""
    pairs = {}
    for line in answer.decode(errors="replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and not name.startswith("#"):
            pairs[name] = value
    return pairs
