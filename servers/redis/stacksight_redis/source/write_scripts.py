"""What this server may write, and how: each step is one script, which Redis runs as a whole or not.

A step either has happened or has not, whenever the process, the connection or Redis itself ends.
Nothing is removed from one place before it stands at the other, and commands that a full memory
refuses come first, so that a refusal leaves everything as it was. Every step can be repeated: what
is done already is left alone.
"""

from collections.abc import Sequence

from stacksight_redis.source.commands import Argument, Command, ForbiddenCommandError

REQUEUE = """
local moved = 0
for i = 1, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then
    redis.call('HSET', KEYS[4], ARGV[i + 1], ARGV[i + 2])
    redis.call('RPUSH', KEYS[3], ARGV[i + 1])
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
    moved = moved + 1
  end
end
return moved
"""
"""Dead letters back into their queue. Keys: the dead, their payloads, the queue, its payloads.
Arguments: for each the id among the dead, the new id, the new payload."""

DELETE_DEAD = """
local gone = 0
for i = 1, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
  gone = gone + redis.call('HDEL', KEYS[2], ARGV[i])
end
return gone
"""
"""Keys: the dead, their payloads. Arguments: ids."""

DELETE_LISTED = """
local gone = 0
for i = 1, #ARGV do
  if redis.call('LREM', KEYS[1], 1, ARGV[i]) == 1 then
    gone = gone + redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
return gone
"""
"""What a worker has fetched meanwhile is no longer listed and is left alone. Keys: the list, its
payloads. Arguments: ids."""

ENQUEUE = """
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('RPUSH', KEYS[1], ARGV[1])
return 1
"""
"""Keys: the list, its payloads. Arguments: a new id, the payload."""

SCRIPTS = (REQUEUE, DELETE_DEAD, DELETE_LISTED, ENQUEUE)


def script(text: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
    """The command that runs a script."""
    return ("EVAL", text, len(keys), *keys, *arguments)


def check_write(command: Command) -> None:
    """Return when the command may be sent by a server that may write.

    Raises:
        ForbiddenCommandError: it is neither one of the scripts nor a publication.
    """
    if command[0] == "EVAL" and command[1] in SCRIPTS:
        return
    if command[0] == "PUBLISH" and len(command) == 3:
        return
    raise ForbiddenCommandError(f"{command[0]!s} with {len(command) - 1} arguments")
