"""Says what of this machine works, and what to do about the rest.

    python tools/doctor.py
    python tools/doctor.py --output=/data/records --measure_disk
    python tools/doctor.py --json > machine.json

Packages are held against requirements.txt and really loaded, a sample of every
transfer syntax is decoded, TensorFlow multiplies, a store's address is asked:
in processes of their own, so that what crashes is told. Each line says ok,
warn (works, but less well or otherwise than tested) or missing, and what to do.
Exit status 1 only where the default build or training does not work.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import dataclasses
import json
from concurrent import futures

from absl import flags

from pipelines import command
from pipelines import console

OUTPUT = flags.DEFINE_string(
    "output", "data/records", "Where a data set is to be built: its disk is "
    "looked at.")
MEASURE_DISK = flags.DEFINE_bool(
    "measure_disk", False, "Write 256 MB to that disk, and remove them again, "
    "to tell its speed.")
ALL = flags.DEFINE_bool(
    "all", False, "List every package and codec that is as it should be, too.")
JSON = flags.DEFINE_bool(
    "json", False, "Print all that was found as JSON.")


def examine():
    """All findings, in the order in which they are told."""
    from pipelines import beam_options
    from tools.diagnosis import probing
    from tools.diagnosis import libraries
    from tools.diagnosis import machine
    from tools.diagnosis import packages
    from tools.diagnosis import services

    console.info("loading packages and decoding samples ...")
    lanes = packages.read()
    with futures.ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(probing.ask, questions) for questions in (
            libraries.OF_TENSORFLOW,
            [*packages.questions(list(lanes[0])), *libraries.OF_FILES])]
        answers = {name: answer for one in asked
                   for name, answer in one.result().items()}
    findings = [
        packages.python(), *packages.check(lanes, answers),
        *libraries.codecs(answers), libraries.checksum(answers["crc"]),
        *libraries.tensorflow(answers["tensorflow"], services.cards()),
        libraries.keras(), libraries.tensorflow_io(answers["tensorflow_io"]),
        machine.cores(beam_options.cores(), os.cpu_count() or 1,
                      machine.cpu_quota()),
        machine.memory(machine.available_bytes()), machine.open_files(),
        *machine.disks(OUTPUT.value)]
    if MEASURE_DISK.value and "://" not in OUTPUT.value:
        findings.append(machine.write_speed(OUTPUT.value))
    return [*findings, *services.store(os.environ),
            *services.engines(packages.installed("apache-beam"))]


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from tools.diagnosis import finding

    findings = examine()
    broken = [one for one in findings if one.breaks]
    if JSON.value:
        print(json.dumps({
            "ok": not broken,
            "findings": [dataclasses.asdict(one) for one in findings]},
            indent=1))
    else:
        shown = findings if ALL.value else finding.collapsed(findings)
        print(finding.table(shown, sys.stdout))
    if broken:
        return command.fail(
            "the default build or training does not work here: "
            f"{', '.join(one.name for one in broken)}")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
