"""The command `dougong`: set a house up, serve it, look after it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from dougong import __version__
from dougong.config import FILE, Config, ConfigError, read_config
from dougong.errors import DougongError
from dougong.i18n import Text, _, speaking

if TYPE_CHECKING:
    from dougong.access.explain import Reason
    from dougong.house import House
    from dougong.plugin.state import Switched
    from dougong.records.types import RecordType

__all__ = ["cli", "main"]

ADMIN = "admin"
_MOST_REASONS = 20
"""Lines of a file of which a command says what is wrong; the rest stands in the file of refused lines."""
Command = TypeVar("Command", bound=Callable[..., Any])


def main() -> None:
    """Run the command line; what is wrong with input or configuration is said in one line, without a traceback."""
    try:
        cli(standalone_mode=False, prog_name="dougong")
    except click.exceptions.Exit as err:
        sys.exit(err.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as err:
        err.show()
        sys.exit(err.exit_code)


# What the commands share -----------------------------------------------------------------------------


def _data_option(command: Command) -> Command:
    """`--data` stands before or after the subcommand; after wins."""
    option = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The data directory (default: $DOUGONG_DATA, else ./data).",
    )
    return option(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@_data_option
@click.version_option(__version__, prog_name="dougong")
@click.pass_context
def cli(context: click.Context, data: Path | None) -> None:
    """A plugin-based framework for business software."""
    context.obj = data


def _config(data: Path | None, **given: Any) -> Config:
    import os

    outer: Path | None = click.get_current_context().find_root().obj
    place = data or outer or Path(os.environ.get("DOUGONG_DATA") or "data")
    try:
        return read_config(place.absolute(), **given)
    except ConfigError as err:
        raise click.ClickException(str(err)) from err


def _run(config: Config, work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in the company's language; an error meant for people is the command's last line."""
    with speaking(config.language, config.zone):
        try:
            return asyncio.run(work)
        except DougongError as err:
            raise click.ClickException(str(err)) from err


@asynccontextmanager
async def _house(config: Config) -> AsyncIterator[House]:
    """The house without serving it, in the hands of the system."""
    from dougong.access.principal import acting_as, system
    from dougong.house import open_house

    config.data.mkdir(parents=True, exist_ok=True)
    house = await open_house(config, serving=False)
    try:
        with acting_as(system("a command on this machine")):
            yield house
    finally:
        await house.close()


def _say(text: Text | str = "") -> None:
    click.echo(str(text))


# Setting up and serving ---------------------------------------------------------------------------------


@cli.command()
@_data_option
@click.option("--all", "everything", is_flag=True, help="Switch every installed plugin on.")
def init(data: Path | None, everything: bool) -> None:
    """Make a data directory: configuration, database, administrator."""
    config = _config(data)
    config.data.mkdir(parents=True, exist_ok=True)
    if not (config.data / FILE).exists():
        (config.data / FILE).write_text(_sample_config(), encoding="utf-8")
    _run(config, _init(config, everything=everything))


async def _init(config: Config, *, everything: bool) -> None:
    async with _house(config) as house:
        if everything:
            await _enable_everything(house)
        password = await _make_admin()
    if password is None:
        _say(_("This house is set up already."))
        return
    _say(_("Administrator: %(name)s", name=ADMIN))
    _say(_("One-time password: %(password)s", password=password))


async def _make_admin() -> str | None:
    """The administrator's one-time password; None when there is such an account already."""
    from dougong.access.services import make_standard_roles
    from dougong.people.services import account_named, add_account

    if await account_named(ADMIN):
        return None
    roles = await make_standard_roles()
    return await add_account(ADMIN, roles=[roles["admin"]])


async def _enable_everything(house: House) -> None:
    from dougong.plugin.state import enable

    for loaded in house.installed.working:
        await enable(loaded.name, cascade=True)


def _sample_config() -> str:
    """Every key with its default, commented out."""
    lines = ["# Settings of this house. Each can also be given as DOUGONG_<KEY> in the environment.", ""]
    for key, field in Config.model_fields.items():
        if key == "data":
            continue
        default = '""' if field.default in (None, "") else repr(field.default).replace("'", '"')
        lines += [
            f"# {field.description}",
            f"# {key} = {default.lower() if isinstance(field.default, bool) else default}",
            "",
        ]
    return "\n".join(lines)


@cli.command()
@_data_option
@click.option("--host", help="Where to listen; 0.0.0.0 for every address of this machine.")
@click.option("--port", type=int)
@click.option("--workers", type=int, help="How many processes.")
@click.option("--safe", is_flag=True, help="Without other people's plugins.")
def serve(data: Path | None, host: str | None, port: int | None, workers: int | None, safe: bool) -> None:
    """Serve the house to browsers and programs."""
    _serve(_config(data, host=host, port=port, workers=workers, safe=safe or None))


def _serve(config: Config) -> None:
    from dougong import server

    if not config.data.is_dir():
        raise click.ClickException(f"{config.data}: there is no such directory; make it with: dougong init")
    with speaking(config.language, config.zone):
        try:
            server.serve(config, lambda address: click.echo(f"READY {address}"))
        except (server.PortTaken, DougongError) as err:
            raise click.ClickException(str(err)) from err


@cli.command()
@_data_option
@click.option("--port", type=int)
@click.option("--lang", "language", type=click.Choice(["zh_CN", "en"]), help="The language of the sample company.")
def demo(data: Path | None, port: int | None, language: str | None) -> None:
    """Serve a sample company on this machine, made on the first start."""
    from dougong.demo import is_made

    config = _config(data, port=port, language=language, workers=1)
    if config.database:
        raise click.ClickException("a demo keeps its data in its directory, but “database” is set")
    if not is_made(config):
        _run(config, _make_demo(config))
        config = _config(data, port=port, language=language, workers=1)  # with what the new house was given
    _serve(config)


async def _make_demo(config: Config) -> None:
    from dougong.demo import make

    for line in await make(config):
        _say(line)


@cli.command()
@_data_option
def migrate(data: Path | None) -> None:
    """Bring the database up to what is installed."""
    config = _config(data)
    failed = _run(config, _migrate(config))
    sys.exit(1 if failed else 0)


async def _migrate(config: Config) -> bool:
    """Opening the house migrates; what can't be is named."""
    async with _house(config) as house:
        failed = [loaded for loaded in house.installed.plugins.values() if loaded.error]
        for loaded in failed:
            _say(f"{loaded.name}: {loaded.error} {loaded.detail}")
        _say(_("The database is up to date."))
    return bool(failed)


# Plugins ------------------------------------------------------------------------------------------------


@cli.group()
@_data_option
def plugin(data: Path | None) -> None:
    """List plugins, switch them on and off, take their data out and bring them back."""
    if data:
        click.get_current_context().find_root().obj = data


@plugin.command("list")
@_data_option
def list_plugins(data: Path | None) -> None:
    """Every installed plugin and its state."""
    config = _config(data)
    _run(config, _list_plugins(config))


async def _list_plugins(config: Config) -> None:
    from dougong.plugin.snapshot import current_snapshot

    async with _house(config) as house:
        for loaded in house.installed.plugins.values():
            state = "on" if loaded.name in current_snapshot().plugins else "failed" if loaded.error else "off"
            why = f"  {loaded.error} {loaded.detail}".rstrip() if loaded.error else ""
            _say(f"{state:<7}{loaded.name:<20}{loaded.version:<12}{loaded.label}{why}")


@plugin.command()
@click.argument("name")
@click.option("--cascade", is_flag=True, help="With what it needs, and what went off together with it.")
@_data_option
def enable(data: Path | None, name: str, cascade: bool) -> None:
    """Switch a plugin on, also in a house that is being served."""
    from dougong.plugin import state

    config = _config(data)
    _run(config, _switch(config, lambda: state.enable(name, cascade=cascade)))


@plugin.command()
@click.argument("name")
@click.option("--cascade", is_flag=True, help="With all that need it.")
@_data_option
def disable(data: Path | None, name: str, cascade: bool) -> None:
    """Switch a plugin off; its data stay."""
    from dougong.plugin import state

    config = _config(data)
    _run(config, _switch(config, lambda: state.disable(name, cascade=cascade)))


async def _switch(config: Config, switch: Callable[[], Coroutine[Any, Any, Switched]]) -> None:
    async with _house(config):
        done = await switch()
    _say(_("Switched: %(names)s. Epoch %(epoch)s.", names=", ".join(done.changed) or "–", epoch=done.epoch))
    if done.also:
        _say(_("Switched off together with it once: %(names)s.", names=", ".join(done.also)))
    for process in done.waiting:
        _say(_("Not yet on this epoch: %(host)s, process %(pid)s.", host=process.host, pid=process.pid))


@plugin.command()
@click.argument("name")
@click.option("--cascade", is_flag=True, help="With all that need it.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@_data_option
def uninstall(data: Path | None, name: str, cascade: bool, yes: bool) -> None:
    """Move all data of a plugin that is off into an archive, from which they can be restored."""
    config = _config(data)
    for line in _run(config, _belongings(config, name)):
        _say(line)
    if not yes:
        click.confirm("Move these into an archive?", abort=True)
    _run(config, _uninstall(config, name, cascade=cascade))


async def _belongings(config: Config, name: str) -> list[str]:
    from dougong.plugin.uninstalling import belongings

    async with _house(config):
        found = await belongings(name)
    return [f"{label}: {count}" for label, count in (*found.records, *found.others.items(), *found.pointing)]


async def _uninstall(config: Config, name: str, *, cascade: bool) -> None:
    from dougong.plugin import uninstalling

    async with _house(config):
        done = await uninstalling.uninstall(name, cascade=cascade)
    for one, archive in done.archives.items():
        _say(f"{one}: {config.archives / archive}")


@plugin.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_data_option
def restore_plugin(data: Path | None, file: Path) -> None:
    """Bring the data of an uninstalled plugin back from its archive; it is off then."""
    config = _config(data)
    _run(config, _restore_plugin(config, file))


async def _restore_plugin(config: Config, file: Path) -> None:
    from dougong.plugin.restoring import restore

    async with _house(config):
        done = await restore(file)
    _say(_("Restored: %(plugin)s, %(rows)s rows.", plugin=done.plugin, rows=done.rows))
    if done.left_out:
        _say(_("Left out, because what they belong to is gone: %(count)s.", count=done.left_out))


@plugin.command()
@click.argument("archive")
@click.option("--name", "typed", prompt="The name of its plugin, to be sure", help="The name of its plugin.")
@_data_option
def purge(data: Path | None, archive: str, typed: str) -> None:
    """Throw an archive of the directory “archives” away for good."""
    config = _config(data)
    _run(config, _purge(config, archive, typed))


async def _purge(config: Config, archive: str, typed: str) -> None:
    from dougong.plugin import uninstalling

    async with _house(config):
        await uninstalling.purge(Path(archive).name, typed)
    _say(_("Thrown away: %(archive)s.", archive=Path(archive).name))


# People --------------------------------------------------------------------------------------------------


@cli.group()
@_data_option
def user(data: Path | None) -> None:
    """Accounts to sign in with."""
    if data:
        click.get_current_context().find_root().obj = data


@user.command("add")
@click.argument("name")
@click.option("--staff", "number", help="The staff number of the person it is for.")
@click.option("--role", "keys", multiple=True, help="A standard role: sales, manager, admin …; may be repeated.")
@_data_option
def add_user(data: Path | None, name: str, number: str | None, keys: tuple[str, ...]) -> None:
    """Make an account; the last line is its one-time password."""
    config = _config(data)
    click.echo(_run(config, _add_user(config, name, number, keys)))


async def _add_user(config: Config, name: str, number: str | None, keys: tuple[str, ...]) -> str:
    from dougong.access.services import make_standard_roles
    from dougong.people.services import add_account
    from dougong.people.tables import Staff

    async with _house(config):
        roles = await make_standard_roles()
        unknown = [key for key in keys if key not in roles]
        if unknown:
            raise click.ClickException(f"no such role: {', '.join(unknown)}; there are {', '.join(sorted(roles))}")
        person = await Staff.objects().where(Staff.code == number).first() if number else None
        if number and person is None:
            raise click.ClickException(f"no staff with the number {number}")
        return await add_account(name, staff=person, roles=[roles[key] for key in keys])


@user.command("reset-password")
@click.argument("name")
@_data_option
def reset_password(data: Path | None, name: str) -> None:
    """A new one-time password, alone on the last line; ends the account's sessions."""
    config = _config(data)
    click.echo(_run(config, _reset_password(config, name)))


async def _reset_password(config: Config, name: str) -> str:
    from dougong.people import services

    async with _house(config):
        return await services.reset_password(await _user_id(name))


async def _user_id(name: str) -> int:
    from dougong.people.services import account_named

    account = await account_named(name)
    if account is None:
        raise click.ClickException(f"no account is called {name}")
    return account.user


@cli.command()
@click.argument("user")
@click.argument("type")
@click.argument("record", type=click.IntRange(min=1))
@click.option("--action", default="read", show_default=True, help="read, edit, delete, export, or one of its own.")
@click.option("--field", default="", help="Of one field: may it be seen (read), changed (edit), exported?")
@_data_option
def explain(data: Path | None, user: str, type: str, record: int, action: str, field: str) -> None:
    """Say why USER may or may not do something with record number RECORD of TYPE (customers)."""
    config = _config(data)
    allowed = _run(config, _explain(config, user, type, record, action, field))
    sys.exit(0 if allowed else 1)


async def _explain(config: Config, user: str, kind: str, record: int, action: str, field: str) -> bool:
    from dougong.access.explain import explain

    async with _house(config):
        found = await explain(_type_called(kind), record, await _user_id(user), action, field)
        _say(_("Yes") if found.allowed else _("No"))
        for line in _told(found.reasons):
            _say(line)
    return found.allowed


def _told(reasons: Sequence[Reason], depth: int = 1) -> Iterator[str]:
    """One line for each reason, what it rests on below it."""
    for reason in reasons:
        notes = "".join(f" · {note}" for note in reason.notes)
        yield f"{'  ' * depth}{'+' if reason.opens else '-'} {reason.text}{notes}"
        yield from _told(reason.because, depth + 1)


@cli.command("import")
@click.argument("type")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", default="", help="A saved mapping, or a .json file with one; else headings name the fields.")
@click.option("--existing", type=click.Choice(["skip", "update", "create", "ask"]), help="With what is there already.")
@click.option("--dry-run", is_flag=True, help="Say what would come of it; nothing is written.")
@click.option("--as", "name", default="admin", show_default=True, help="Whose rights and name it is done with.")
@_data_option
def import_(
    data: Path | None, type: str, file: Path, mapping: str, existing: str | None, dry_run: bool, name: str
) -> None:
    """Bring the lines of FILE (CSV or XLSX) in as records of TYPE (customers).

    Ends with 0 when the file was worked through, even if lines were refused; the last line says in JSON what came of it.
    """
    config = _config(data)
    _run(config, _import(config, type, file, mapping, existing or "", dry_run=dry_run, name=name))


async def _import(
    config: Config, kind: str, file: Path, mapping: str, existing: str, *, dry_run: bool, name: str
) -> None:
    from dougong.access.principal import acting_as
    from dougong.access.services import principal_of
    from dougong.imports.command import first_reasons, import_file, last_line

    async with _house(config):
        record_type = _type_called(kind)
        with acting_as(await principal_of(await _user_id(name))):
            found = await import_file(
                record_type, file, mapping, dry_run=dry_run, report=_report_lines, existing=existing
            )
            for line in await first_reasons(found["import"], _MOST_REASONS, tried=dry_run):
                click.echo(line, err=True)
    click.echo(last_line(found))


def _report_lines(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} / {total:,}", nl=done == total, err=True)


@cli.command()
@click.argument("type")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--filter", "tree", default="", help='Conditions, as the API takes them: [["city","=","杭州"]].')
@click.option("--find", default="", help="What is typed into the quick find.")
@click.option("--sort", default="", help="A field, with - before it for the other direction.")
@click.option("--fields", default="", help="Keys with commas between them; else the id and every field.")
@click.option("--as", "name", default="admin", show_default=True, help="Whose rights and name it is done with.")
@_data_option
def export(data: Path | None, type: str, file: Path, tree: str, find: str, sort: str, fields: str, name: str) -> None:
    """Write records of TYPE (customers) to FILE, whose ending says how: .csv or .xlsx."""
    config = _config(data)
    with _made_whole(file.absolute()) as made:
        count = _run(config, _export(config, type, made, (file.suffix[1:].lower(), tree, find, sort, fields), name))
    click.echo(f"{file}: {count:,} records")


@contextmanager
def _made_whole(file: Path) -> Iterator[BinaryIO]:
    """A file that takes its place once all is written; what stood there before stays until then."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as made:
            yield made
        part.replace(file)
    except OSError as err:
        raise click.ClickException(str(err)) from err
    finally:
        part.unlink(missing_ok=True)


async def _export(config: Config, kind: str, file: BinaryIO, asked: tuple[str, str, str, str, str], name: str) -> int:
    from dougong.access.principal import acting_as
    from dougong.access.services import principal_of
    from dougong.exports.command import asked_for
    from dougong.exports.services import export

    async with _house(config):
        record_type = _type_called(kind)
        with acting_as(await principal_of(await _user_id(name))):
            return await export(asked_for(record_type, *asked), file)


def _type_called(kind: str) -> RecordType:
    from dougong.access.policies import guarded_types

    known = {t.path: t for t in guarded_types()}
    found = next((t for t in known.values() if kind in (t.path, t.key)), None)
    if found is None:
        raise click.ClickException(f"no records are called {kind}; there are {', '.join(sorted(known))}")
    return found


@cli.group()
@_data_option
def token(data: Path | None) -> None:
    """Keys for programs."""
    if data:
        click.get_current_context().find_root().obj = data


@token.command("create")
@click.option("--user", "name", required=True, help="Whose rights the program has.")
@click.option("--label", default="command line", show_default=True, help="What it is for.")
@_data_option
def create_token(data: Path | None, name: str, label: str) -> None:
    """Make a token for the API; it stands alone on the last line and is shown only once."""
    config = _config(data)
    click.echo(_run(config, _create_token(config, name, label)))


async def _create_token(config: Config, name: str, label: str) -> str:
    from dougong.people import sign_in

    async with _house(config):
        return await sign_in.create_token(await _user_id(name), label)


# Care ----------------------------------------------------------------------------------------------------


@cli.command()
@_data_option
def doctor(data: Path | None) -> None:
    """Show what this installation stands on, and what is missing."""
    from dougong.doctor import examine

    config = _config(data)
    findings = _run(config, examine(config))
    for line in findings.lines:
        _say(line)
    sys.exit(1 if findings.missing else 0)


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_data_option
def backup(data: Path | None, file: Path) -> None:
    """Copy database and files into one archive, while people work."""
    from dougong.backup import BackupError, back_up

    try:
        manifest = back_up(_config(data), file.absolute())
    except BackupError as err:
        raise click.ClickException(str(err)) from err
    click.echo(f"{file}: {manifest['database']}, {len(manifest['sha256'])} parts, {file.stat().st_size:,} bytes")


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Although there are data already; SQLite's are moved aside.")
@_data_option
def restore(data: Path | None, file: Path, replace: bool) -> None:
    """Put an archive's database and files in place of an empty house, while nothing is being served."""
    from dougong.backup import BackupError
    from dougong.backup import restore as put_back

    config = _config(data)
    if replace:
        _run(config, _refuse_while_served(config))
    try:
        manifest = put_back(config, file, replace=replace)
    except BackupError as err:
        raise click.ClickException(str(err)) from err
    click.echo(f"restored: {manifest['database']} of {manifest['made']}, dougong {manifest['dougong']}")


async def _refuse_while_served(config: Config) -> None:
    from dougong.plugin.processes import live_processes

    async with _house(config):
        live = await live_processes()
    if live:
        names = ", ".join(f"{process.host}, process {process.pid}" for process in live)
        raise click.ClickException(f"the house is being served; stop that first: {names}")
