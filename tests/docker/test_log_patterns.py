"""Records, levels, shapes and summaries, from logs as real programs write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacksight_core.errors import ToolFailure
from stacksight_docker.facts import LogLine
from stacksight_docker.logs.levels import guess_level
from stacksight_docker.logs.lines import choose, compile_filter, fit
from stacksight_docker.logs.patterns import Said, summarise
from stacksight_docker.logs.records import Record, to_records
from stacksight_docker.logs.shapes import mask, shape
from stacksight_docker.logs.traces import Trace, trace_of


def lines(text: str, stream: str = "out", start: int = 0) -> list[LogLine]:
    """Make log lines a second apart."""
    return [
        LogLine(f"2026-11-22T10:{n // 60:02}:{n % 60:02}.000000000Z", stream, line)
        for n, line in enumerate(text.strip("\n").split("\n"), start)
    ]


def said(records: list[Record]) -> list[Said]:
    return [Said("app", record) for record in records]


PYTHON = """
2026-11-22 10:00:00,123 INFO captions.web started
2026-11-22 10:00:01,123 ERROR captions.jobs job 17 failed
Traceback (most recent call last):
  File "/usr/lib/python3/site-packages/dramatiq/worker.py", line 487, in process_message
    res = actor(*message.args, **message.kwargs)
  File "/app/captions/jobs.py", line 12, in caption
    raise ValueError(f"bad video {video}")
ValueError: bad video 17

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/captions/run.py", line 3, in main
    work()
RuntimeError: job 17 gave up
2026-11-22 10:00:03,123 INFO captions.web going on
"""
NODE = """
Server listening on 3000
/app/server.js:10
    throw new TypeError("Cannot read properties of undefined (reading 'id')");
    ^

TypeError: Cannot read properties of undefined (reading 'id')
    at handler (/app/routes/videos.js:10:11)
    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)
    at node:internal/process/task_queues:95:5
"""
JAVA = """
10:00:00.000 [main] ERROR com.shop.Orders - could not place order 4711
java.lang.IllegalStateException: no stock for 4711
\tat com.shop.Orders.place(Orders.java:42)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.sql.SQLException: timeout
\tat com.shop.Db.query(Db.java:7)
\t... 2 more
10:00:01.000 [main] INFO com.shop.Orders - next
"""
GO = """
2026/11/22 10:00:00 listening on :8080
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f5d6]

goroutine 1 [running]:
main.handle(0x0)
\t/app/main.go:12 +0x26
main.main()
\t/app/main.go:20 +0x1d
"""


def test_a_python_traceback_with_its_cause_is_one_record() -> None:
    records = to_records(lines(PYTHON))
    assert [record.level for record in records] == ["info", "error", "info"]
    assert records[1].lines[-1] == "RuntimeError: job 17 gave up"
    assert shape(records[1]) == "RuntimeError: job <n> gave up at /app/captions/run.py:main"


def test_a_java_stack_belongs_to_the_error_before_it() -> None:
    records = to_records(lines(JAVA))
    assert records[0].level == "error"
    assert records[-1].message.endswith("next")
    stack = next(record for record in records if "Orders.java:42" in record.text)
    assert "... 2 more" in stack.text
    assert shape(stack) == "java.sql.SQLException: timeout at Db.java:com.shop.Db.query"


def test_a_node_error_keeps_its_frames_and_own_code_is_named() -> None:
    records = to_records(lines(NODE))
    error = next(record for record in records if "at handler" in record.text)
    assert error.level == "error"
    assert shape(error) == (
        "TypeError: Cannot read properties of undefined (reading 'id') at "
        "/app/routes/videos.js:handler"
    )


def test_a_go_panic_keeps_its_goroutine() -> None:
    records = to_records(lines(GO))
    panic = next(record for record in records if record.message.startswith("panic:"))
    assert panic.level == "error"
    assert trace_of(panic) == Trace(panic.message, "/app/main.go", "12", "main.handle")


RUBY = """
/app/lib/jobs.rb:12:in `fetch': key not found: "PLAN" (KeyError)
\tfrom /app/lib/jobs.rb:12:in `perform'
\tfrom /usr/local/bundle/gems/sidekiq-7/lib/sidekiq.rb:9:in `call'
INFO next
"""
DOTNET = """
Unhandled exception. System.NullReferenceException: Object reference not set to an instance.
   at Shop.Orders.Place(Order order) in /src/Orders.cs:line 42
   at Shop.Program.Main(String[] args) in /src/Program.cs:line 7
INFO next
"""
PHP = """
PHP Fatal error:  Uncaught Exception: no such plan in /app/src/Plan.php:12
Stack trace:
#0 /app/src/Shop.php(7): Plan->load()
#1 {main}
"""
RUST = """
thread 'main' panicked at src/main.rs:42:9:
index out of bounds: the len is 3 but the index is 5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (RUBY, "/app/lib/jobs.rb:12 in fetch"),
        (DOTNET, "/src/Orders.cs:42 in Shop.Orders.Place"),
        (PHP, "/app/src/Shop.php:7 in Plan->load"),
        (RUST, "src/main.rs:42"),
    ],
    ids=["ruby", "dotnet", "php", "rust"],
)
def test_other_languages_traces_are_one_record(text: str, place: str) -> None:
    first = to_records(lines(text, "err"))[0]
    trace = trace_of(first)
    assert trace is not None
    assert trace.place == place
    assert first.level == "error"


def test_the_last_cause_of_a_java_exception_is_its_root() -> None:
    text = """
Exception in thread "main" java.lang.IllegalStateException: Failed to load ApplicationContext
\tat com.shop.App.start(App.java:10)
Caused by: org.postgresql.util.PSQLException: Connection to db:5432 refused.
\tat org.postgresql.Driver.connect(Driver.java:1)
\t... 2 more
"""
    (record,) = to_records(lines(text, "err"))
    trace = trace_of(record)
    assert trace is not None
    assert trace.exception == "org.postgresql.util.PSQLException: Connection to db:5432 refused."


def test_json_logs_are_grouped_by_message_and_keys() -> None:
    text = "\n".join(
        f'{{"level":{level},"time":{n},"reqId":"r-{n}","msg":"{message}"}}'
        for n, (level, message) in enumerate(
            [(30, "request done"), (30, "request done"), (50, "db lost"), (40, "slow query 12 ms")]
        )
    )
    records = to_records(lines(text))
    assert [record.level for record in records] == ["info", "info", "error", "warning"]
    assert shape(records[0]) == shape(records[1]) == "request done {level, msg, reqId, time}"


@pytest.mark.parametrize(
    ("text", "stream", "level"),
    [
        ("INFO starting", "out", "info"),
        ("2026-11-22T10:00:00Z [warn] disk almost full", "out", "warning"),
        ("E1122 10:00:00.000000 1 main.go:1] it broke", "err", "error"),
        ("level=debug msg=hello", "out", "debug"),
        ("2026-11-22 10:00:00 UTC [1] FATAL:  role does not exist", "err", "error"),
        ('1.2.3.4 - - [x] "GET / HTTP/1.1" 500 12', "out", "error"),
        ('1.2.3.4 - - [x] "GET / HTTP/1.1" 200 500 "-"', "out", None),
        ("sh: API_KEY: environment variable is not set", "err", "error"),
        ("the informant was in the warning room", "out", None),
        ("0 errors found", "out", None),
        ("ValueError: bad video 17", "out", "error"),
    ],
)
def test_levels_are_found_where_programs_put_them(
    text: str, stream: str, level: str | None
) -> None:
    assert guess_level(text, stream) == level


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("took 12.5 ms for 10.0.0.1:5432", "took <n> ms for <ip>"),
        ("job 6f1c2d1e-1111-4222-8333-444455556666 done", "job <id> done"),
        ("2026-11-22T10:00:00.123Z hello", "<time> hello"),
        ('"GET /videos/17?page=2 HTTP/1.1" 404 12', '"GET /videos/<n>?page=<n> HTTP/1.1" 404 <n>'),
        ("mail to ann@example.com", "mail to <email>"),
        ("commit deadbeef01 on v2", "commit <id> on v2"),
    ],
)
def test_what_varies_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_hundred_thousand_records_keep_every_distinct_error() -> None:
    filler = [
        LogLine(f"2026-11-22T{10 + n // 36000:02}:{n // 600 % 60:02}:{n // 10 % 60:02}.{n % 10}00Z",
                "out", f"INFO request {n} took {n % 97} ms")
        for n in range(20_000)
    ]  # fmt: skip
    for place, name in ((5, "disk"), (9_000, "queue"), (19_990, "lock")):
        filler[place] = filler[place]._replace(text=f"ERROR lost the {name}")
    summary = summarise(said(to_records(filler)), complete=True)
    assert {group.shape for group in summary.errors} == {
        "ERROR lost the disk",
        "ERROR lost the queue",
        "ERROR lost the lock",
    }
    assert summary.others[0].count == 19_997
    new = {group.shape: group.change for group in summary.errors}
    assert new["ERROR lost the lock"] == "new in the second half"
    assert new["ERROR lost the disk"] is None


def test_many_shapes_of_one_kind_are_merged() -> None:
    names = [f"user-{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(200)]
    text = "\n".join(f"INFO {name} logged in from the office network" for name in names)
    summary = summarise(said(to_records(lines(text))), complete=True)
    assert [(g.count, g.shape) for g in summary.others] == [
        (200, "INFO <*> logged in from the office network")
    ]


def test_repeated_lines_are_folded_and_the_newest_kept() -> None:
    entries = said(to_records(lines("\n".join(["INFO same"] * 50 + ["INFO last"]))))
    views, hits = choose(entries, compile_filter(None, None), limit=60, context=0)
    assert hits == 51
    assert [(view.text, view.repeated) for view in views] == [("INFO same", 50), ("INFO last", 1)]
    assert fit(views, newest=True) == views


def test_a_bad_expression_is_named() -> None:
    with pytest.raises(ToolFailure, match="not a regular expression"):
        compile_filter("(", None)


@given(st.lists(st.text(max_size=80), max_size=40))
def test_no_text_breaks_the_reading(texts: list[str]) -> None:
    entries = [
        LogLine(f"2026-11-22T10:00:{n:02}.000000000Z", "err", text) for n, text in enumerate(texts)
    ]
    records = to_records(entries)
    summary = summarise(said(records), complete=True)
    assert summary.records == len(records) <= len(texts)
    assert sum(group.count for group in (*summary.errors, *summary.warnings, *summary.others)) + (
        summary.records_left_out
    ) <= len(texts)


def test_every_distinct_error_of_a_long_log_is_there_within_the_size() -> None:
    words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi".split()
    errors = [f"ERROR the {a} of the {b} is lost, call the {b} desk" for a in words for b in words]
    chosen = errors[::3][:50]
    text = "\n".join(
        chosen[n // 40] if n % 40 == 7 else f"INFO handled request {n} in {n % 90} ms"
        for n in range(2_000)
    )
    summary = summarise(said(to_records(lines(text))), complete=True)
    shown = [group.shape for group in summary.errors]
    assert len(shown) == 50
    for error in chosen:
        assert any(error[:40] == one[:40] for one in shown), error
    assert sum(len(one) + 40 for one in shown) < 6_500
