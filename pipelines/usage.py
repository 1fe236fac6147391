"""What a script says of its flags: help by example, and what is wrong."""

import difflib
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ILLEGAL = re.compile(r"flag --(\w+)=(.*?): ", re.DOTALL)
_MISSING = "Missing value for flag "
# What absl adds to a help text.
_BY_ABSL = re.compile(r"^<\S+>: |;? ?repeat this option to specify a list of "
                      r"values\.?$| \(a comma separated list\)$")
_INDENT = "      "
# Longer lists of values stand in the help's text.
_LONGEST_CHOICE = 60


def help_text(docstring: str, own: Iterable[Any], common: Iterable[Any],
              statuses: Mapping[int, str], width: int = 80) -> str:
    """What `--help` prints.

    Args:
      docstring: Of the script: what it does, with commands to paste.
      own: Its absl flags.
      common: Those that all scripts have.
      statuses: The meaning of each exit status.
      width: Columns of the terminal.
    """
    parts = [docstring.strip()]
    for title, flags in (("Flags:", own), ("Of every script:", common)):
        described = [describe_flag(flag, width) for flag in flags]
        if described:
            parts.append("\n".join([title, *described]))
    # The width of the longest, and two spaces.
    parts.append("Exit status:\n" + "\n".join(
        textwrap.fill(text, width, initial_indent=f"  {number:>3}  ",
                      subsequent_indent=" " * 7)
        for number, text in statuses.items()))
    return "\n\n".join(parts) + "\n"


def statuses_markdown(statuses: Mapping[int, str]) -> str:
    """The exit statuses as BUILD.md's table."""
    return "\n".join([
        "| status | what it means |", "| --- | --- |",
        *(f"| {number} | {text} |" for number, text in statuses.items())])


def describe_flag(flag: Any, width: int = 80) -> str:
    """A flag, what it takes, what it does and what it is unless given."""
    choices: Sequence[str] = getattr(flag.parser, "enum_values", None) or ()
    takes = "|".join(choices)
    if flag.boolean:
        name = f"--[no]{flag.name}"
    elif takes and len(takes) <= _LONGEST_CHOICE:
        name = f"--{flag.name}={takes}"
    else:
        name = f"--{flag.name}={_kind(flag)}"
    text = _BY_ABSL.sub("", " ".join((flag.help or "").split()))
    if text and not text.endswith((".", "?", "...")):
        text += "."
    if takes and len(takes) > _LONGEST_CHOICE:
        text += f" One of {', '.join(choices)}."
    default = _default(flag)
    if default:
        text += f" [default: {default}]"
    return f"  {name}\n" + textwrap.fill(
        text, width, initial_indent=_INDENT, subsequent_indent=_INDENT,
        break_on_hyphens=False, break_long_words=False)


def _kind(flag: Any) -> str:
    """What a flag takes, as in N or TEXT,..."""
    kinds = {"int": "N", "float": "X"}
    kind = flag.flag_type()
    if "list" in kind:
        return "A,B,..."
    # Several times, for several.
    repeated = " ..." if kind.startswith("multi") else ""
    return kinds.get(kind, "TEXT") + repeated


def _default(flag: Any) -> str:
    """The default as a person writes it; nothing where there is none."""
    value = flag.default
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value)


def unknown_flag(word: str, known: Iterable[str]) -> str:
    """What to say of a word that is no flag.

    >>> unknown_flag("--recods=x", ["--records", "--output"])
    'there is no flag --recods: did you mean --records? (--help lists all)'
    """
    if not word.startswith("-"):
        return f"{word!r} is not a flag: flags begin with --"
    name = word.partition("=")[0]
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f": did you mean {close[0]}?" if close else ""
    return f"there is no flag {name}{hint} (--help lists all)"


def wrong_value(message: str, flags: Mapping[str, Any]) -> str:
    """What to say of a flag's value that absl refuses.

    Args:
      message: absl's.
      flags: All flags, by name.
    """
    if message.startswith(_MISSING):
        return (f"{message.removeprefix(_MISSING)} is given no value; as in "
                f"{message.removeprefix(_MISSING)}=VALUE (--help explains it)")
    found = _ILLEGAL.match(message)
    if not found:
        return message
    name, value = found[1], found[2]
    parser: Any = flags[name].parser if name in flags else None
    choices = getattr(parser, "enum_values", None)
    said = message[found.end():]
    if choices:
        near = difflib.get_close_matches(value, choices, n=1, cutoff=0.5)
        hint = f": did you mean {near[0]}?" if near else ""
        said = f"is none of {', '.join(choices)}{hint}"
    elif getattr(parser, "syntactic_help", ""):
        said = f"is not {parser.syntactic_help}"
    return f"--{name}={value} {said} (--help explains it)"


def stray_words(words: Sequence[str]) -> str:
    """What to say where there are words beside the flags."""
    return f"unexpected {words[0]!r}: what is wanted is told by flags, which " \
        "begin with -- (--help lists them)"
