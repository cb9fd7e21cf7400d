"""Workflows that a person starts by name."""

from typing import Annotated

from pydantic import Field

from stacksight_core.prompts import prompt
from stacksight_redis.names import channel_names, queue_names

STUCK = """\
Find out why {what} stuck, failing or slow, and what to do about it.

1. {first}
2. diagnose_queue for every queue that needs attention: it names the cause with its proof. For a \
single job: diagnose_queue(message_id=…), then inspect_message for its arguments, retries and \
traceback.
3. Follow the cause until it is one that can be fixed: list_workers for who holds what and who is \
dead; watch_queues(seconds=10) for whether anything moves; check_health for Redis itself; the \
actor's code in this project for an exception.
4. Report: the cause in one sentence, its proof (counts, ages, the traceback's line), what fixes \
it (code, a worker to start, a message to requeue) and what has to be checked afterwards. Say what \
could not be seen. Change nothing in Redis without being asked to.\
"""
ONE, ALL = "the queue or job `{name}` is", "background jobs are"
FIRST_ONE = 'diagnose_queue(queue="{name}"), or with actor or message_id if that is what it is.'
FIRST_ALL = "list_queues(): which queues need attention, and why."

NOTIFY = """\
Prove whether a notification reaches the channel {channel}.

1. list_channels(match="{channel}"): does anybody listen? A pattern subscriber is not visible by \
name.
2. capture_messages(action="start", channels=["{channel}"]) and keep the handle.
3. Do what should send it: the request, the test or the job that this project's code publishes it \
from. Ask if it is not clear which.
4. capture_messages(action="stop", capture=<handle>, wait_for={{…}}, timeout_s=10) with a field \
that tells it from others.
5. Report: sent or not, how long it took, its payload, duplicates, and who listened. If it was not \
sent, follow the code from the action to the publish, with diagnose_queue where a job lies between.\
"""


@prompt(title="Why is it stuck?", queue=queue_names)
def why_is_it_stuck(
    queue: Annotated[
        str, Field(description="Queue, actor or message id; left out: every queue.")
    ] = "",
) -> str:
    """Find out why background jobs do not run, fail or pile up."""
    if not queue:
        return STUCK.format(what=ALL, first=FIRST_ALL)
    return STUCK.format(what=ONE.format(name=queue), first=FIRST_ONE.format(name=queue))


@prompt(title="Prove a notification", channel=channel_names)
def prove_notification(
    channel: Annotated[str, Field(description="Channel or pattern, e.g. captions:user:*")],
) -> str:
    """Prove that an action sends its pub/sub message, and find where it is lost."""
    return NOTIFY.format(channel=channel)


PROMPTS = (why_is_it_stuck, prove_notification)
