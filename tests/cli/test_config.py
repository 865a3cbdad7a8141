"""A configuration that can't be used is explained: file, line, key, value, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dougong.config import Config, ConfigError, read_config


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for key in Config.model_fields:
        monkeypatch.delenv(f"DOUGONG_{key}".upper(), raising=False)


def written(place: Path, text: str) -> Path:
    (place / "dougong.toml").write_text(text, encoding="utf-8")
    return place


def complaint(place: Path, **given) -> str:
    with pytest.raises(ConfigError) as wrong:
        read_config(place, **given)
    return str(wrong.value)


def test_without_a_file_the_defaults_hold(tmp_path):
    config = read_config(tmp_path)
    assert (config.port, config.language, config.zone.key) == (8000, "zh_CN", "Asia/Shanghai")
    assert config.database_url == f"sqlite:///{tmp_path}/dougong.sqlite"


def test_the_command_line_is_over_the_environment_is_over_the_file(tmp_path, monkeypatch):
    written(tmp_path, 'port = 8001\ncompany = "云枢"\nworkers = 3\n')
    monkeypatch.setenv("DOUGONG_PORT", "8002")
    monkeypatch.setenv("DOUGONG_WORKERS", "2")
    config = read_config(tmp_path, port=8003, workers=None)
    assert (config.port, config.workers, config.company) == (8003, 2, "云枢")


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("port", "70000", "a port from 1 to 65535"),
        ("port", '"many"', "a port from 1 to 65535"),
        ("language", '"fr"', "zh_CN or en"),
        ("time_zone", '"Mars/Crater"', "a name such as Asia/Shanghai"),
        ("currency", '"XYZ1"', "an ISO 4217 code such as CNY"),
        ("database", '"mysql://x"', "sqlite:///PATH or postgresql://"),
        ("environment", '"live"', "production, test or training"),
    ],
)
def test_a_wrong_value_is_named_with_file_line_key_and_what_is_allowed(tmp_path, key, value, allowed):
    written(tmp_path, f"# ours\n\n{key} = {value}\n")
    said = complaint(tmp_path)
    assert said.startswith(f"{tmp_path}/dougong.toml:3: {key} = ")
    assert value.strip('"') in said
    assert allowed in said


def test_every_wrong_value_is_named_at_once(tmp_path):
    written(tmp_path, 'port = 0\nlanguage = "fr"\n')
    assert len(complaint(tmp_path).splitlines()) == 2


def test_a_wrong_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DOUGONG_PORT", "none")
    assert complaint(tmp_path) == "environment: DOUGONG_PORT = 'none': allowed is a port from 1 to 65535"


def test_a_wrong_option_is_named(tmp_path):
    assert complaint(tmp_path, port=0) == "--port = 0: allowed is a port from 1 to 65535"


def test_an_unknown_key_is_an_error_and_the_known_ones_are_listed(tmp_path):
    written(tmp_path, "port = 8001\nprot = 8002\n")
    said = complaint(tmp_path)
    assert f"{tmp_path}/dougong.toml:2: prot is no setting" in said
    assert "time_zone" in said


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path):
    written(tmp_path, "port = 1\nport =\n")
    said = complaint(tmp_path)
    assert f"{tmp_path}/dougong.toml" in said
    assert "line 2" in said


def test_every_setting_says_what_is_allowed():
    assert [key for key, field in Config.model_fields.items() if not field.description] == []
