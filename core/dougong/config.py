"""How one house is set up: `dougong.toml` in its data directory, and the environment over it.

A value that can't be used is named with its file, line and key, and what is allowed there.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

__all__ = ["FILE", "Config", "ConfigError", "read_config"]

FILE = "dougong.toml"
PREFIX = "DOUGONG_"


class ConfigError(Exception):
    """The configuration can't be used; the text says where and why, one line a value."""


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone")
    return name


def _currency(code: str) -> str:
    if code not in list_currencies():
        raise ValueError("no such currency")
    return code


def _database(url: str) -> str:
    if not re.match(r"sqlite:///.|postgres(ql)?://.", url):
        raise ValueError("no database address")
    return url


def _addresses(text: str) -> str:
    for part in text.split(",") if text else ():
        ipaddress.ip_network(part.strip(), strict=False)
    return text


class Config(BaseSettings):
    """The settings of an installation. Each is a key of `dougong.toml` and a variable DOUGONG_<KEY>.

    What a company sets in the browser is not here.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=False)
    _file: ClassVar[Path] = Path(FILE)

    data: Path = Field(Path("data"), description="a directory")
    database: Annotated[str, AfterValidator(_database)] | None = Field(
        None, description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"
    )
    database_pool: int | None = Field(None, ge=1, le=500, description="a number of connections from 1 to 500")
    host: str = Field("127.0.0.1", min_length=1, description="an address of this machine, 0.0.0.0 for all")
    port: int = Field(8000, ge=1, le=65535, description="a port from 1 to 65535")
    workers: int = Field(1, ge=1, le=64, description="a number of processes from 1 to 64")
    safe: bool = Field(False, description="true to leave other people's plugins out, else false")
    language: Literal["zh_CN", "en"] = Field("zh_CN", description="zh_CN or en")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Shanghai", description="a name such as Asia/Shanghai"
    )
    company: str = Field("", max_length=100, description="at most 100 characters")
    currency: Annotated[str, AfterValidator(_currency)] = Field("CNY", description="an ISO 4217 code such as CNY")
    environment: Literal["production", "test", "training"] = Field(
        "production", description="production, test or training"
    )
    session_idle_hours: int = Field(12, ge=1, le=720, description="hours from 1 to 720")
    session_days: int = Field(14, ge=1, le=365, description="days from 1 to 365")
    secure_cookies: bool = Field(False, description="true where people come by https, else false")
    proxies: Annotated[str, AfterValidator(_addresses)] = Field(
        "", description="addresses or networks of the web servers in front of it, as 127.0.0.1, 10.0.0.0/24"
    )
    sign_in_tries: int = Field(5, ge=1, le=10_000, description="a number of tries from 1 to 10000")
    sign_in_tries_name: int = Field(20, ge=1, le=10_000, description="a number of tries from 1 to 10000")
    sign_in_tries_address: int = Field(100, ge=1, le=1_000_000, description="a number of tries from 1 to 1000000")
    sign_in_pause_seconds: int = Field(5, ge=1, le=900, description="seconds from 1 to 900")
    sign_in_pause_minutes: int = Field(15, ge=1, le=15, description="minutes from 1 to 15")

    attachment_megabytes: int = Field(100, ge=1, le=10_000, description="megabytes from 1 to 10000")
    attachments_per_record: int = Field(100, ge=1, le=10_000, description="a number of files from 1 to 10000")
    attachment_days: int = Field(30, ge=1, le=3650, description="days from 1 to 3650")
    archive_days: int = Field(90, ge=1, le=3650, description="days from 1 to 3650")

    @property
    def files(self) -> Path:
        """Where the content of attachments lies."""
        return self.data / "files"

    @property
    def archives(self) -> Path:
        """Where the data of uninstalled plugins wait."""
        return self.data / "archives"

    @property
    def database_url(self) -> str:
        """Where the data are; SQLite in the data directory unless another database is named."""
        return self.database or f"sqlite:///{(self.data / 'dougong.sqlite').absolute()}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a command says over the environment, that over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls._file)


def read_config(data: Path, **given: Any) -> Config:
    """The configuration of a data directory; `given` is what the command line says.

    Raises: ConfigError.
    """
    file = data / FILE
    stored = _read_file(file)

    class FromHere(Config):
        _file: ClassVar[Path] = file

    said = {key: value for key, value in given.items() if value is not None}
    try:
        return FromHere(data=data, **said)
    except ValidationError as err:
        lines = [_explain(problem, file, stored, said) for problem in err.errors()]
        raise ConfigError("\n".join(lines)) from err


def _read_file(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as err:
        raise ConfigError(f"{file}: {err}") from err


def _explain(problem: Any, file: Path, stored: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    key = str(problem["loc"][0])
    field = Config.model_fields.get(key)
    if field is None:
        known = ", ".join(sorted(Config.model_fields.keys() - {"data"}))
        return f"{file}:{_line_of(file, key)}: {key} is no setting; known are {known}"
    return f"{_source(key, file, stored, said)} = {problem['input']!r}: allowed is {_allowed(field)}"


def _source(key: str, file: Path, stored: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Where the refused value was given; the strongest source is the one that counted."""
    variable = f"{PREFIX}{key}".upper()
    if key in said:
        return f"--{key}"
    if variable in os.environ:
        return f"environment: {variable}"
    return f"{file}:{_line_of(file, key)}: {key}" if key in stored else key


def _line_of(file: Path, key: str) -> int:
    wanted = re.compile(rf"\s*(\[)?\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((number for number, line in enumerate(lines, 1) if wanted.match(line)), 1)


def _allowed(field: FieldInfo) -> str:
    return field.description or "another value"
