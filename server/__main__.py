"""The command line: `python -m server COMMAND --help`. Each command imports what it needs when it runs, so that all start fast."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from server.config import Settings
    from server.forks import Loading

cli = typer.Typer(
    name="oase",
    help="Oase: live video for customer service. Settings come from the environment or oase.toml (see docker/README.md).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
agent_cli = typer.Typer(no_args_is_help=True, help="Accounts of agents.")
cli.add_typer(agent_cli, name="agent")

Email = Annotated[str, typer.Argument(help="The agent's e-mail address.")]


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on (OASE_HOST).")] = "",
    port: Annotated[int, typer.Option(help="TCP port (OASE_PORT); 0 takes a free one.")] = -1,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a robot customer with a moving picture and a voice.")
    ] = False,
    broadcast: Annotated[
        bool, typer.Option("--broadcast", help="With --demo: a robot goes live too, and robots ask and vote.")
    ] = False,
    lan: Annotated[
        bool,
        typer.Option(
            "--lan", help="HTTPS on port 8443 too, with a certificate of our own, for phones in this network."
        ),
    ] = False,
    print_link: Annotated[
        bool,
        typer.Option(
            "--print-link",
            envvar="OASE_PRINT_LINK",
            help="Print the first sign-in link even when the output is no terminal and may be kept in a log.",
        ),
    ] = False,
) -> None:
    """Start the web process; it starts and watches the media worker."""
    if host:
        os.environ["OASE_HOST"] = host
    if port >= 0:
        os.environ["OASE_PORT"] = str(port)
    _start_log()
    loading = _load_media()
    from server.serving import serve_until_told

    robots = (["--broadcast"] if broadcast else []) if demo or broadcast else None
    sys.exit(asyncio.run(serve_until_told(_settings(), robots=robots, lan=lan, print_link=print_link, loading=loading)))


@cli.command()
def media(
    on_demand: Annotated[
        bool,
        typer.Option(
            "--on-demand", hidden=True, help="Load everything, and fork a worker whenever the web process asks for one."
        ),
    ] = False,
) -> None:
    """Run a media worker alone (the web process starts one by itself)."""
    from server.media.worker import main as work

    _start_log()
    number: int | None = None
    if on_demand:
        from server.media.on_demand import wait_for_work

        number = wait_for_work()
    work(number)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema (serve does this too)."""
    from server.store.migrate import migrate as bring

    asyncio.run(bring(_settings().database))
    _say("The database is up to date.")


@cli.command()
def finish(directory: Annotated[Path, typer.Argument(help="Folder of one recording.")]) -> None:
    """Make a recording's files seekable; prints progress as JSON lines."""
    from server.media.recorder.finish import main as work

    work(directory)


@cli.command()
def view(directory: Annotated[Path, typer.Argument(help="Folder of one recording.")]) -> None:
    """Make the watchable view of a recording; prints progress as JSON lines."""
    from server.media.recorder.confine import lose_network

    lose_network()  # Before the libraries are loaded: they start threads, which would keep theirs.
    from server.broadcast.view import main as work

    work(directory)


@cli.command(hidden=True)
def still(kind: Annotated[str, typer.Argument(help="jpeg, png or webp.")]) -> None:
    """Draw an uploaded picture anew: the file on standard input, a JPEG on standard output."""
    from server.media.recorder.confine import lose_network

    lose_network()  # Before the libraries are loaded, as above.
    from server.broadcast.still import main as work
    from server.domain.pictures import PictureKind

    work(PictureKind(kind))


@cli.command()
def compose(
    session: Annotated[str, typer.Option(help="The session whose stage is composed.")] = "",
    directory: Annotated[
        str, typer.Option(help="Folder of the stream; one that a killed composer left is gone on with.")
    ] = "",
    control: Annotated[str, typer.Option(help="Where to listen for scenes: unix:/path/of/socket.")] = "",
    media: Annotated[str, typer.Option(help="Control address of the session's media worker.")] = "",
    on_demand: Annotated[
        bool,
        typer.Option("--on-demand", hidden=True, help="Load everything, and wait on standard input for the options."),
    ] = False,
) -> None:
    """Make one stream of a stage (the web process starts one for each broadcast)."""
    options = {"session": session, "directory": directory, "control": control, "media": media}
    if not on_demand and not all(options.values()):
        raise typer.BadParameter("--session, --directory, --control and --media are needed")
    from server.broadcast.compose.on_demand import wait_for_options
    from server.broadcast.compose.process import main as work

    _start_log()
    chosen = wait_for_options() if on_demand else options
    work(chosen["session"], Path(chosen["directory"]), chosen["control"], chosen["media"])


@cli.command()
def demo(
    url: Annotated[str, typer.Option(help="Address of the server.")] = "",
    broadcast: Annotated[
        bool,
        typer.Option(
            "--broadcast",
            help="A robot goes live too, and robots watch it. Needs the server's own settings and database.",
        ),
    ] = False,
) -> None:
    """Send a robot customer with a moving picture and a voice into the queue of a running server."""
    from server.demo import main as play
    from server.demo_show import Show

    _start_log()
    settings = _settings()
    play(url or settings.public_url, Show(settings, settings.url.rstrip("/")) if broadcast else None)


@cli.command()
def doctor() -> None:
    """Look at this machine and these settings, and say what stands in the way."""
    from server.doctor import examine

    findings = asyncio.run(examine(_settings()))
    for finding in findings:
        _say(f"{'ok  ' if finding.is_good else 'LOOK'}  {finding.what}")
        if finding.advice:
            _say(f"      {finding.advice}")
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)


@cli.command()
def openapi() -> None:
    """Print the description of the API (OpenAPI 3.1)."""
    from server.api.openapi import description
    from server.api.registry import EVENTS, ROUTES

    _say(json.dumps(description(ROUTES, EVENTS), indent=1, ensure_ascii=False))


@agent_cli.command("add")
def agent_add(
    email: Email,
    name: Annotated[str, typer.Option(help="Name that customers see.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="May manage accounts too.")] = False,
) -> None:
    """Make an account; prints its one-time sign-in link."""
    from server.accounts import add

    link = asyncio.run(add(_settings(), email, name or email.partition("@")[0], admin))
    _say(f"Account {email} is there. Sign-in link, once:\n\n  {link}\n")


@agent_cli.command("list")
def agent_list() -> None:
    """All accounts."""
    from server.accounts import list_all

    for agent in asyncio.run(list_all(_settings())):
        state = "off" if agent.disabled else "on" if agent.has_password else "no password yet"
        _say(f"{agent.email:<40} {agent.role.value:<6} {state:<16} {agent.name}")


@agent_cli.command("link")
def agent_link(email: Email) -> None:
    """Print a new one-time sign-in link, for a forgotten password too."""
    from server.accounts import link_for

    _say(asyncio.run(link_for(_settings(), email)))


@agent_cli.command("password")
def agent_password(
    email: Email,
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when it is not given."),
    ],
) -> None:
    """Set an account's password; all its sign-ins end."""
    from server.accounts import set_password_of

    asyncio.run(set_password_of(_settings(), email, password))
    _say("The password is set.")


def _load_media() -> "Loading | None":
    """What media workers need is loaded in a process of its own, while this one loads what it needs itself."""
    from server.forks import start_loading

    with contextlib.suppress(OSError):  # No memory, no process: the supervisor tries again.
        return start_loading() if _settings().starts_media else None
    return None


def _settings() -> "Settings":
    from server.config import settings

    return settings()


def _start_log() -> None:
    with _missing("rich"):  # structlog loads it for tracebacks that we do not use: 0.3 s of every start.
        from server.log import set_up

    set_up(_settings().log_level)


@contextlib.contextmanager
def _missing(package: str) -> Iterator[None]:
    """Whoever asks for the package meanwhile, and can do without, does without."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # Documented: an import then fails.
    try:
        yield
    finally:
        del sys.modules[package]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> None:
    """The entry point: an expected failure, or a wrong setting, is one sentence and exit code 1."""
    from pydantic import ValidationError

    from server.errors import OaseError

    try:
        cli()
    except OaseError as error:
        sys.exit(f"{(type(error).__doc__ or error.code).splitlines()[0]} {_facts(error.facts)}".rstrip())
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        sys.exit(f"A setting is wrong: {wrong}")


def _facts(facts: dict[str, str | int | float]) -> str:
    return f"({', '.join(f'{name}: {value}' for name, value in facts.items())})" if facts else ""


if __name__ == "__main__":
    main()
