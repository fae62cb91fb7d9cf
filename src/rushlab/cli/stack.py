"""`rushlab up`, `down`, `status`, `logs`, `doctor`, `clean`: the stack and what it leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from rushlab.cli.printing import show as show_on_screen

if TYPE_CHECKING:
    from rushlab.flows.workbench import ServerStatus

BackendOption = Annotated[str, typer.Option(help="native: servers as processes of this user; auto: the same so far.")]


def register(app: typer.Typer) -> None:
    for command in (up, down, status, logs, doctor, clean):
        app.command(command.__name__)(command)


def up(
    backend: BackendOption = "native",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the list of servers.")] = False,
) -> None:
    """Start every server of the stack and leave it running."""
    from rushlab.cli.listening import TerminalListener
    from rushlab.flows.workbench import Workbench

    with TerminalListener(quiet=quiet) as listener:
        stack = Workbench.open().up(backend, listener.step)
    _print_servers(stack.status())


def down(backend: BackendOption = "native") -> None:
    """Stop every server that this workbench started, and nothing else."""
    from rushlab.cli.listening import TerminalListener
    from rushlab.flows.workbench import Workbench

    with TerminalListener() as listener:
        Workbench.open().down(backend, listener.step)
    typer.echo("stopped")


def status(
    backend: BackendOption = "native",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show every process of the stack."""
    import msgspec

    from rushlab.flows.workbench import Workbench

    servers = Workbench.open().backend(backend).status()
    if as_json:
        typer.echo(json.dumps({"schema": 1, "servers": msgspec.to_builtins(servers)}, indent=1))
    else:
        _print_servers(servers)


def logs(
    server: Annotated[str, typer.Argument(help="mariadb, redis, kafka, prometheus, service, relay, consumer-0, …")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many, from the log's end.")] = 40,
    backend: BackendOption = "native",
) -> None:
    """Print the last lines of a server's log."""
    from rushlab.flows.workbench import Workbench

    typer.echo(Workbench.open().backend(backend).log_tail(server, lines))


def doctor() -> None:
    """Check everything this workbench needs from the machine, and say what to do about what is missing."""
    from rushlab.flows.health import check_machine
    from rushlab.flows.workbench import Workbench
    from rushlab.show import lists

    findings = check_machine(Workbench.open())
    rows = [(one.name, one.status, one.found, one.do) for one in findings]
    show_on_screen(lists.columns(("", "status", "found", "what to do"), rows))
    raise typer.Exit(1 if any(finding.status == "fail" for finding in findings) else 0)


def clean(
    runs: Annotated[
        bool, typer.Option("--runs", help="Also remove all runs, reports, experiments and named baselines.")
    ] = False,
) -> None:
    """Stop the stack and remove its data and logs; results stay unless asked for."""
    from rushlab.cli.listening import TerminalListener
    from rushlab.flows.cleaning import remove_leftovers
    from rushlab.flows.workbench import Workbench

    bench = Workbench.open()
    with TerminalListener() as listener, bench.driving():
        bench.down("native", listener.step)
        freed = remove_leftovers(bench.settings, runs=runs)
    typer.echo(f"removed {freed / 1e6:,.0f} MB")


def _print_servers(servers: list[ServerStatus]) -> None:
    from rushlab.show import lists

    identities = [(one.name, one.state, one.pid, one.port, one.version) for one in servers]
    rows = [[None if part is None else str(part) for part in row] for row in identities]  # no thousands separators
    show_on_screen(lists.columns(("server", "state", "pid", "port", "version"), rows) if rows else "nothing runs")
