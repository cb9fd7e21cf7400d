"""Workflows that a person starts by name."""

from typing import Annotated

from pydantic import Field

from stacksight_core.prompts import prompt
from stacksight_docker.names import target_names

DOWN = """\
Find out why {what} down or unhealthy, and what brings it back.

1. {first} It follows the chain from what fails to the root: begin with the root, the others may \
be its victims.
2. Check the proof yourself: read_logs of the root around its last exit (around=<that time>), \
inspect_container for its settings, list_events for what happened before, compare_compose if a \
compose file describes it and it runs otherwise.
3. Find the place in this project that causes it: the compose file, the Dockerfile, an environment \
variable that is missing, the line of the traceback.
4. Report: the cause in one sentence, its proof, the change that fixes it, which services wait for \
it, and how to see that it works again (list_containers, or capture_activity over a restart). Say \
what could not be seen. Restart and change nothing without being asked to.\
"""
ONE, ALL = "`{name}` is", "services are"
FIRST_ONE, FIRST_ALL = 'diagnose(target="{name}").', "list_containers(), then diagnose()."

MEMORY = """\
Find out what {what} so much memory for, and whether it leaks.

1. measure_usage({chosen}sort="memory"): use against its limit, cache told apart from what is kept.
2. capture_activity(action="start"{watched}), put load on it (a request, a test, some minutes of \
its usual work), capture_activity(action="stop", capture=<handle>): does memory grow with the \
work and stay?
3. list_events(since="24h") and inspect_container: has the kernel ended it for memory, and with \
what limit?
4. read_logs with level="warning" for what it said meanwhile; then the code that keeps things: \
caches without bounds, growing lists, whole files or results in memory.
5. Report: the figures with their times, leak or not or not proven, the likely place in the code, \
and a limit that fits. Change nothing.\
"""

Target = Annotated[
    str,
    Field(description="Container, service, project/service or project; left out: everything."),
]


@prompt(title="Why is it down?", target=target_names)
def why_is_it_down(
    target: Target = "",
) -> str:
    """Find out why a service is down, restarting or unhealthy, down to the root cause."""
    if not target:
        return DOWN.format(what=ALL, first=FIRST_ALL)
    return DOWN.format(what=ONE.format(name=target), first=FIRST_ONE.format(name=target))


@prompt(title="What eats the memory?", target=target_names)
def what_eats_memory(
    target: Target = "",
) -> str:
    """Find out what containers use memory for, and whether one leaks."""
    if not target:
        return MEMORY.format(what="these containers use", chosen="", watched="")
    chosen = f'containers=["{target}"]'
    return MEMORY.format(what=f"`{target}` uses", chosen=f"{chosen}, ", watched=f", {chosen}")


PROMPTS = (why_is_it_down, what_eats_memory)
