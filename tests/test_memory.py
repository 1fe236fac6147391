"""Memory that is given back, and that nothing is lost by it."""

import re

import duckdb

from pipelines import memory


def resident_code_kb(library):
    """Of the code of a library, how much this process holds."""
    found = 0
    with open("/proc/self/smaps", encoding="utf-8") as smaps:
        inside = False
        for line in smaps:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                inside = " r-xp " in line and library in line
            elif inside and line.startswith("Rss:"):
                found += int(line.split()[1])
    return found


def test_code_goes_until_it_is_called_again():
    question = ("SELECT sum(a * b) FROM range(1000) x(a) JOIN range(1000) y(b)"
                " ON a = b")
    answer = duckdb.sql(question).fetchall()
    before = resident_code_kb("duckdb")
    memory.give_back()
    assert 0 < before and resident_code_kb("duckdb") < before / 4
    assert duckdb.sql(question).fetchall() == answer
    assert resident_code_kb("duckdb") > 0


def test_only_code_of_libraries_is_meant():
    """Never what a process has written to."""
    meant = list(memory.code_mappings())
    assert meant
    with open("/proc/self/maps", encoding="utf-8") as maps:
        lines = {tuple(int(end, 16) for end in line.split()[0].split("-")):
                 line for line in maps}
    for first_and_end in meant:
        permissions, path = re.match(
            r"\S+ (\S+) .* (/.*)\n", lines[first_and_end]).groups()
        assert permissions == "r-xp" and ".so" in path
