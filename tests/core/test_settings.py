"""What a server is told, by variables and flags, and which recorded answers fit it."""

import json
import os
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacksight_core.manifest import Variant, choose_variant, load_manifest
from stacksight_core.settings import InvalidSettings, load_settings
from tests.core.toy import ABOUT, Settings

VALUES = ["", "text", "structured", "0", "1", "true", "FALSE", "yes", "maybe", "${X}"]
NAMES = ["STACKSIGHT_OUTPUT", "Stacksight_Output", "STACKSIGHT_ALLOW_WRITES", "OUTPUT"]
FLAGS = ["--output", "--allow-writes", "--log-level", "--allow-writes=false", "--", "--greeting"]


def told(environment: dict[str, str], *arguments: str) -> Settings:
    with mock.patch.dict(os.environ, environment, clear=True):
        return load_settings(Settings, ABOUT, arguments)


def test_variables_of_other_programs_are_not_ours() -> None:
    others = {"LOG_LEVEL": "info", "OUTPUT": "structured", "ALLOW_WRITES": "1", "HTTP": "80"}
    assert told(others) == told({})


@pytest.mark.parametrize("flag", ["--allow-writes=false", "--allow", "--nonsense"])
def test_a_wrong_flag_is_explained(flag: str) -> None:
    with pytest.raises(InvalidSettings, match="See --help"):
        told({}, flag)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)),
    st.lists(st.sampled_from([*FLAGS, *VALUES, *(f"--output={value}" for value in VALUES)])),
)
def test_answers_are_chosen_as_the_settings_are_read(
    environment: dict[str, str], arguments: list[str]
) -> None:
    chosen = choose_variant(environment, arguments)
    try:
        settings = told(environment, *arguments)
    except InvalidSettings:
        return
    assert chosen in (None, Variant(settings.output, settings.allow_writes))


@pytest.mark.parametrize(
    ("environment", "arguments", "variant"),
    [
        ({}, [], Variant()),
        ({"STACKSIGHT_OUTPUT": "structured"}, [], Variant("structured")),
        ({"STACKSIGHT_ALLOW_WRITES": "1"}, ["--log-level=INFO"], Variant("text", True)),
        ({}, ["--allow-writes", "--output", "structured"], Variant("structured", True)),
        ({}, ["--output=structured"], Variant("structured")),
        ({"STACKSIGHT_OUTPUT": "structured"}, ["--output=text"], Variant()),
    ],
)
def test_ordinary_settings_are_understood_at_once(
    environment: dict[str, str], arguments: list[str], variant: Variant
) -> None:
    assert choose_variant(environment, arguments) == variant


RECORDED = {
    "about": list(ABOUT),
    "packages": {},
    "unless": {"--adapt": "TOY_ADAPT"},
    "answers": {"2026-07-28": {"tools/list": 0}},
}


@pytest.mark.parametrize(
    ("changed", "environment", "arguments", "holds"),
    [
        ({}, {}, [], True),
        ({}, {"TOY_ADAPT": ""}, [], True),
        ({}, {"toy_adapt": "1"}, [], False),
        ({}, {}, ["--adapt=1"], False),
        ({"about": [*ABOUT[:2], "0.0.0", *ABOUT[3:]]}, {}, [], False),
        ({"packages": {"mcp": "0.0.0"}}, {}, [], False),
    ],
)
def test_recorded_answers_hold_only_for_what_they_were_recorded_from(
    changed: dict[str, object],
    environment: dict[str, str],
    arguments: list[str],
    holds: bool,
    tmp_path: Path,
) -> None:
    header = json.dumps(RECORDED | changed)
    (tmp_path / Variant().file_name).write_text(f'{header}\n{{"tools":[]}}\n')
    found = load_manifest(str(tmp_path), ABOUT, environment, arguments)
    assert (found is not None) == holds
    if found:
        assert found.result("2026-07-28", "tools/list") == b'{"tools":[]}'
