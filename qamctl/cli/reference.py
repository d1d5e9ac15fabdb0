"""The page of all commands for the documentation, made from their help: `python -m qamctl.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from qamctl.cli.app import EXIT_CODES, build

_HEAD = """\
# Commands

Made from the commands' own help by `python -m qamctl.cli.reference > docs/commands.md`; a test holds it up to date.
Options come from flags, from `QAMCTL_*` variables, from `solver:` in the problem file and from configuration
files, in this order: `qamctl config show` tells which holds and why. Standard output carries the result and
nothing else.
"""


def commands_page() -> str:
    """The documentation of every command as Markdown."""
    parts = [_HEAD, *(_section(path, command) for path, command in commands())]
    rows = [f"| {code} | {code.name} | {meaning} | {advice} |" for code, (meaning, advice) in EXIT_CODES.items()]
    parts.append(
        "\n".join(["## Exit codes", "", "| code | name | meaning | what to do |", "|---|---|---|---|", *rows, ""])
    )
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it."""
    app = build()
    for name in app.list_commands(None):
        command = app.get_command(None, name)
        inner = getattr(command, "commands", {})
        yield from ((f"qamctl {name} {word}", inner[word]) for word in inner)
        if not inner:
            yield f"qamctl {name}", command


def _section(path: str, command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    usage = " ".join([path, "[OPTIONS]", *(param.metavar + ("..." if param.nargs < 0 else "") for param in arguments)])
    rows = [f"| `{param.metavar}` | {_cell(param.help)} |" for param in arguments]
    for param in options:
        words = ", ".join(f"`{word} {param.metavar or ''}".rstrip() + "`" for word in param.opts)
        rows.append(f"| {words} | {_cell(param.help)} |")
    return "\n".join([f"## {path}", "", f"`{usage}`", "", _prose(command.help), "", "| | |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _prose(text: str) -> str:
    """A help text: the examples, which it marks by a backspace, become a block of shell."""
    parts = []
    for part in text.split("\n\n"):
        if part.startswith("\b"):
            title, *lines = part.removeprefix("\b").strip("\n").split("\n")
            parts.append("\n".join([title, "", "```sh", cleandoc("\n".join(lines)), "```"]))
        else:
            parts.append(part)
    return "\n\n".join(parts)


if __name__ == "__main__":
    from qamctl.console import Console

    Console().artefact(commands_page())
