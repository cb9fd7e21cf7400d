"""The pure parts: decoding, estimates, rates, the command list, what a recording keeps."""

import json
import pickle
import pickletools
import random
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacksight_redis.analysis.actor_mix import mix_actors, wilson_interval
from stacksight_redis.analysis.dead_letters import Dead, group_dead
from stacksight_redis.analysis.expectations import Verdict, compare
from stacksight_redis.analysis.health_facts import find_causes
from stacksight_redis.analysis.job_view import compact_traceback
from stacksight_redis.analysis.jobs import Job, decode_job
from stacksight_redis.analysis.pickles import PickleRefusedError, read_pickle
from stacksight_redis.analysis.queue_status import Earlier, judge
from stacksight_redis.analysis.rates import Mark, join, measure
from stacksight_redis.facts.names import Queue, parse_key, parse_queue
from stacksight_redis.facts.queues import Held, Process, QueueFacts
from stacksight_redis.models.channels import Expectation
from stacksight_redis.recording.ring import Arrived, Ring
from stacksight_redis.source.commands import ForbiddenCommandError, check_command

TRACEBACK = Path(__file__).with_name("traceback.txt").read_text()
MAIL = Queue("dramatiq", "mail")
HEADER = "Traceback (most recent call last):"


def job(**fields: Any) -> Job:
    message = {"actor_name": "mail", "message_id": "m", "queue_name": "mail", **fields}
    return decode_job("r", json.dumps(message).encode())


def test_a_real_traceback_gives_error_and_place() -> None:
    dead = job(options={"traceback": TRACEBACK, "retries": 2})
    assert dead.error == (
        "TypeError",
        "unsupported operand type(s) for divmod(): 'NoneType' and 'int'",
    )
    assert dead.frame == "captions/jobs.py:72 in srt_time"


def raised(raise_it: Callable[[], Any]) -> Job:
    """A dead letter with the traceback of a real exception, as Dramatiq stores it."""
    try:
        raise_it()
    except Exception:  # noqa: BLE001  whatever it is, that is what is looked at
        return job(options={"traceback": traceback.format_exc(limit=30)})
    raise AssertionError


def _chained() -> None:
    try:
        int("x")
    except ValueError as error:
        text = f'the child failed:\n{HEADER}\n  File "child.py", line 1, in run\nKeyError: 1'
        raise RuntimeError(text) from error


def _grouped() -> None:
    raise ExceptionGroup("two at once", [ValueError("a"), TypeError("b")])


def _of_several_lines() -> None:
    raise LookupError("1 validation error for User\nname\n  Field required")


@pytest.mark.parametrize(
    ("raise_it", "kind", "message"),
    [
        (_chained, "RuntimeError", "the child failed: "),
        (_grouped, "ExceptionGroup", "two at once (2 sub-exceptions)"),
        (_of_several_lines, "LookupError", "1 validation error for User name Field required"),
        (lambda: dict[str, int]()["a"], "KeyError", "'a'"),
        (lambda: json.loads("{"), "json.decoder.JSONDecodeError", "Expecting property name"),
    ],
)
def test_the_exception_is_found_in_any_traceback(
    raise_it: Callable[[], Any], kind: str, message: str
) -> None:
    dead = raised(raise_it)
    assert dead.error is not None
    assert dead.error[0] == kind
    assert dead.error[1].startswith(message)
    assert (dead.frame or "").startswith("redis/test_analysis.py:")


def test_a_traceback_is_shown_without_the_frames_of_libraries() -> None:
    shown = compact_traceback(TRACEBACK)
    assert "site-packages" not in shown
    assert "[7 frames of libraries are not shown]" in shown
    assert "in srt_time" in shown
    assert shown.rstrip().endswith("'NoneType' and 'int'")
    only_libraries = TRACEBACK[: TRACEBACK.index('  File "/srv/examples')]
    assert compact_traceback(only_libraries) == only_libraries


def test_dead_letters_with_other_numbers_are_one_group() -> None:
    letters = [
        Dead(job(options={"traceback": f"{HEADER}\nValueError: no video {n} of 'u{n}'"}), n)
        for n in range(5)
    ]
    letters.append(Dead(job(options={"traceback": f"{HEADER}\nKeyError: 1"}), 9))
    first, second = group_dead(letters)
    assert (first.count, first.error) == (5, "ValueError: no video 4 of 'u4'")
    assert second.count == 1


@given(st.binary(max_size=300))
def test_any_bytes_decode_to_a_job(payload: bytes) -> None:
    assert decode_job("r", payload).problem is not None


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists))
def test_plain_pickles_come_back_as_data(value: Any) -> None:
    shown = read_pickle(pickle.dumps({"args": value}))
    assert set(shown) == {"args"}
    json.dumps(shown)


def test_a_pickle_that_runs_code_only_names_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    payload = b"\x80\x04cos\nsystem\n(S'touch " + str(victim).encode() + b"'\ntR."
    assert "<unexecuted os.system(touch " in read_pickle(payload)
    assert not victim.exists()


def test_a_pickle_that_unfolds_without_end_is_cut() -> None:
    value: list[Any] = ["x"]
    for _ in range(40):
        value = [value, value]
    assert len(json.dumps(read_pickle(pickle.dumps(value)))) < 100_000


def test_a_pickle_of_too_many_steps_is_refused() -> None:
    payload = pickle.dumps(list(range(60_000)))
    assert sum(1 for _ in pickletools.genops(payload)) > 50_000
    with pytest.raises(PickleRefusedError):
        read_pickle(payload)


def test_an_estimate_holds_the_truth_within_its_interval() -> None:
    chance = random.Random(7)
    truth = {"common": 900_000, "rare": 100_000}
    actors = chance.choices(list(truth), weights=list(truth.values()), k=1_000)
    shares = mix_actors([job(actor_name=actor) for actor in actors], 1_000_000)
    for share in shares:
        assert share.low is not None
        assert share.high is not None
        assert share.low <= truth[share.actor] <= share.high


def test_a_full_count_is_no_estimate() -> None:
    (share,) = mix_actors([job(), job()], 2)
    assert (share.messages, share.low) == (2, None)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_share(sample: tuple[int, int]) -> None:
    low, high = wilson_interval(*sample)
    assert 0 <= low <= sample[0] / sample[1] <= high <= 1


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=10))
def test_rates_are_those_of_a_real_list(steps: list[tuple[int, int]]) -> None:
    """Push and pop a list, look at its ends as the server does, and compare with the truth."""
    waiting = [b"first%d" % number for number in range(25)]
    mark = Mark(0.0, len(waiting), waiting[-1], 0, 0, 0)
    total, pushed, popped, serial = None, 0, 0, 0
    for moment, (more, fewer) in enumerate(steps, start=1):
        tail = waiting[-1] if waiting else None
        for _ in range(more):
            serial += 1
            waiting.append(b"%d" % serial)
        pushed, popped = pushed + more, popped + min(fewer, len(waiting))
        waiting = waiting[fewer:]
        after = len(waiting) - 1 - waiting.index(tail) if tail in waiting else None
        now = Mark(moment, len(waiting), waiting[-1] if waiting else None, 0, 0, 0, after)
        flow = measure(mark, now)
        total, mark = join(total, flow), now
    assert total is not None
    assert total.enqueued - total.fetched == pushed - popped
    if total.exact:
        assert (total.enqueued, total.fetched) == (pushed, popped)
    else:
        assert total.enqueued <= pushed


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "a", "b"),
        ("KEYS", "*"),
        ("HGETALL", "a"),
        ("SMEMBERS", "a"),
        ("LRANGE", "a", 0, -1),
        ("LRANGE", "a", 0, 100_000),
        ("ZRANGE", "a", 0, -1),
        ("LPOS", "a", "b"),
        ("SCAN", 0, "COUNT", 1_000_000),
        ("SCAN", 0),
        ("MEMORY", "USAGE", "a", "SAMPLES", 0),
        ("EVAL", "return 1", 0),
        ("CONFIG", "GET", "*"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("HMGET", "a", *range(5_000)),
        ("PUBLISH", "a", "b"),
        ("GETRANGE", "a", 0, -1),
    ],
)
def test_commands_that_write_or_have_no_bound_are_not_sent(command: tuple[Any, ...]) -> None:
    with pytest.raises(ForbiddenCommandError):
        check_command(command)


@pytest.mark.parametrize(
    ("key", "parsed"),
    [
        ("dramatiq:mail.msgs", ("dramatiq", "mail")),
        ("dramatiq:mail.DQ.msgs", ("dramatiq", "mail")),
        ("a:b:mail.v2.XQ.msgs", ("a:b", "mail.v2")),
        ("a:b:__heartbeats__", ("a:b", None)),
    ],
)
def test_keys_name_their_queue(key: str, parsed: tuple[str, str | None]) -> None:
    assert parse_key(key) == parsed


def test_a_queue_may_be_named_by_any_of_its_parts() -> None:
    assert {parse_queue(n) for n in ("mail", "mail.DQ", "dramatiq:mail.XQ", "mail.msgs")} == {MAIL}


def facts(**changes: Any) -> QueueFacts:
    plain = {"waiting": 0, "payloads": 0, "delayed": 0, "delayed_waiting": 0, "dead": 0}
    return QueueFacts(queue=MAIL, **{**plain, "dead_last_hour": 0, **changes})


def process(silent_s: float) -> Process:
    return Process("dramatiq", "4f07a1b2-0000", silent_s, alive=silent_s < 60)


def test_growth_is_told_from_the_look_before() -> None:
    seen = facts(waiting=60, payloads=64, held=[Held(process(0.3), 4, 0)], oldest_waiting_s=3.0)
    assert judge(seen, 60, Earlier(10, 12)).status == "backing up"
    assert judge(seen, 60, Earlier(60, 12)).status == "flowing"


def test_a_late_holder_is_mentioned_before_it_counts_as_dead() -> None:
    judged = judge(facts(payloads=1, held=[Held(process(14), 1, 0)]), 60)
    assert judged.status == "flowing"
    assert "silent for 14.0 s" in judged.reason


def test_a_delayed_holder_does_not_make_a_queue_consumed() -> None:
    seen = facts(waiting=3, payloads=3, oldest_waiting_s=60, held=[Held(process(0.2), 0, 5)])
    assert judge(seen, 60).status == "no consumer"


def test_a_ring_counts_what_it_drops_and_cuts() -> None:
    ring = Ring(max_messages=10, max_bytes=2_000)
    ring.add([Arrived(b"a", None, b"x" * 100) for _ in range(30)], 1.0)
    ring.add([Arrived(b"b", b"b*", b"y" * 100_000)], 2.0)
    assert (ring.total, ring.truncated) == (31, 1)
    assert ring.dropped == 31 - len(ring.after(0, 100))
    assert ring.channels()[b"a"].messages == 30
    assert ring.channels()[b"b"].bytes == 100_000


def test_a_ring_numbers_without_holes_and_reads_on() -> None:
    ring = Ring(max_messages=5, max_bytes=1_000_000)
    ring.add([Arrived(b"a", None, b"%d" % n) for n in range(1, 9)], 1.0)
    assert [kept.seq for kept in ring.after(0, 3)] == [4, 5, 6]
    assert [kept.data for kept in ring.after(6, 9)] == [b"7", b"8"]
    assert ring.after(8, 9) == []
    assert [kept.seq for kept in ring.newest(2)] == [7, 8]


def test_many_channels_are_counted_together_beyond_a_bound() -> None:
    ring = Ring(max_messages=10, max_bytes=1_000_000)
    ring.add([Arrived(b"%d" % n, None, b"") for n in range(1_500)], 1.0)
    counts = Counter({name: c.messages for name, c in ring.channels().items()})
    assert len(counts) == 1_001
    assert counts[b"(other channels)"] == 500


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        ({"path": "items.0.id", "equals": 7}, None),
        ({"path": "items.1.id"}, "has nothing at items.1.id"),
        ({"path": "items.0.id", "equals": "7"}, 'items.0.id is 7, not "7"'),
        ({"contains": "nowhere"}, 'does not contain "nowhere"'),
        ({"channel": "other"}, "not compared"),
    ],
)
def test_an_expectation_says_why_it_is_not_met(
    expected: dict[str, Any], reason: str | None
) -> None:
    ring = Ring(10, 1_000)
    ring.add([Arrived(b"c", None, b'{"items": [{"id": 7}]}')], 1.0)
    verdict = Verdict()
    compare(Expectation(**expected), ring.newest(1)[0], verdict)
    if reason is None:
        assert verdict.matched == [1]
    elif verdict.compared:
        assert verdict.mismatches == [f"message 1: {reason}"]
    else:
        assert reason == "not compared"


@pytest.mark.parametrize(
    ("info", "told"),
    [
        ({"maxmemory": "100", "maxmemory_policy": "allkeys-lru", "evicted_keys": "5"}, "evicted"),
        ({"maxmemory": "100", "used_memory": "95"}, "95% full"),
        ({"rdb_last_bgsave_status": "err"}, "BGSAVE"),
        ({"role": "slave", "master_link_status": "down"}, "replica"),
        ({"maxclients": "100", "connected_clients": "99"}, "99 of 100"),
    ],
)
def test_what_is_wrong_with_redis_is_found_in_info(info: dict[str, str], told: str) -> None:
    (cause,) = find_causes(info)
    assert told in cause
