"""Reads OMI-DB (OPTIMAM): the JSON files of its `data` folder.

Of each woman, a client, there are two: `nbss_<client>.json`, what the
screening service knows of her episodes, and `imagedb_<client>.json`, her
studies, each of one episode (`omidb_episodes` has what they hold). A row is
one breast of one study, with what its episode came to for that side; the
episode's own studies are labelled by it whenever they were made. Images are
found by their study: the folder of `images/<client>/<StudyUID>/<SOPUID>.dcm`
or, where files were moved, the study that imagedb has their SOP Instance UID
in. The side is the image's own. The many JSON files of single images are not
read.

What an episode came to for one side, and its outcome here:

    CI   interval cancer, cancer                               FN
    M    biopsy or surgery says malignant, cancer              TP
    B    benign; NAB, NA: normal after biopsy or assessment    FP
    N    normal at screening                                   TN

The screening before an interval cancer was a normal one, of a breast that had
or soon got the cancer: it counts as FN as well. So by default all of these
are left out as interval cancers. Who is recalled is told per side. A breast
of which the episode does not tell enough is left out, by a rule that the
audit names.

Halling-Brown, M.D. et al. (2020), OPTIMAM Mammography Image Database,
Radiology: Artificial Intelligence 3(1), doi 10.1148/ryai.2020200103.
"""

import collections
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.labels import (
    columns, contradictions, errors, ledger, omidb_episodes, rows, tables)

COLUMNS: tuple[columns.Column, ...] = ()

_LABEL_FILE = re.compile(r"(nbss|imagedb)_(.+)\.json", re.IGNORECASE)
_CLIENT = re.compile(r"(?:demd|optm)\d+", re.IGNORECASE)


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads the files of any number of clients.

    Args:
      files: Name and bytes of each; other JSON files are ignored.
      options: Of these, only `conflicts` matters.

    Returns:
      A table with one row per study and side, whose number is that of the
      study in its file.

    Raises:
      errors.LabelError: A file cannot be read, there is no study, or options
        were given that have no meaning here.
    """
    _check_options(options)
    clients = _by_client(files)
    book = ledger.Ledger("breast")
    found: list[rows.Diagnosis] = []
    index = _Studies()
    statuses: collections.Counter[str] = collections.Counter()
    for name, client in sorted(clients.items()):
        episodes = omidb_episodes.episodes(client.get("nbss", {}))
        statuses[omidb_episodes.client_status(episodes)] += 1
        for study in omidb_episodes.studies(client.get("imagedb", {})):
            index.add(study, name)
            book.read += len(omidb_episodes.SIDES)
            if "nbss" in client:
                sides = _sides(study, episodes)
            else:
                sides = dict.fromkeys(
                    omidb_episodes.SIDES, "of a client without an NBSS file")
            found += _diagnoses(sides, study, name, client["source"], book)
    if not book.read:
        raise errors.LabelError(
            "the label table has no study; expected nbss_<client>.json and "
            "imagedb_<client>.json of each client")
    book.check(found)
    kept = contradictions.one_per_key(
        found, contradictions.KEYS[rows.STUDY], options, book)
    return rows.LabelTable(
        rows=rows.to_arrow(kept), join=rows.STUDY,
        patient_of=index.patient_of, image_of=index.study_of,
        notes=(_summary(statuses, book), *book.notes()), options=options)


def is_label_file(path: str) -> bool:
    """Whether a file is one of the two of a client.

    >>> is_label_file("data/demd1/NBSS_demd1.json")
    True
    >>> is_label_file("data/demd1/1.2.3/1.2.3.4.dcm.json")
    False
    """
    return bool(_LABEL_FILE.fullmatch(posixpath.basename(path)))


def fit(name: str, table: tables.Table | None,
        named: Mapping[str, str]) -> int:
    """Whether a file is one of these, by its name."""
    del table, named
    return int(is_label_file(name))


def _check_options(options: rows.LabelOptions) -> None:
    if options.columns:
        raise errors.LabelError(
            "--label_columns has no meaning for --labels_format=omidb: its "
            "files are JSON and have no columns")
    options.check_ids_are_kept(
        "omidb", "the client and the study are read from the paths, which "
        "that hides")


def _by_client(
        files: Iterable[tuple[str, bytes]]) -> dict[str, dict[str, Any]]:
    """What each client's files hold, `nbss` and `imagedb`; `source` is the
    name of the latter."""
    clients: dict[str, dict[str, Any]] = {}
    wrong = []
    for name, data in files:
        match = _LABEL_FILE.fullmatch(posixpath.basename(name))
        if not match:
            continue
        kind, client = match[1].lower(), match[2].lower()
        known = clients.setdefault(client, {})
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            wrong.append(f"{name} is not JSON ({type(error).__name__})")
            continue
        if not isinstance(content, dict):
            wrong.append(f"{name} is not a JSON object")
        elif known.setdefault(kind, content) != content:
            wrong.append(f"{name} is there twice, with different content")
        if kind == "imagedb":
            known["source"] = name
    if wrong:
        shown = wrong[:errors.MOST_SHOWN]
        if len(wrong) > len(shown):
            shown.append(f"and {len(wrong) - len(shown):,} more")
        raise errors.LabelError("\n  ".join(
            [f"{errors.counted(len(wrong), 'file')} of OMI-DB cannot be used; "
             "copy them again:", *shown]))
    return clients


class _Studies:
    """Finds the study and the client of an image by its path."""

    def __init__(self):
        self._client: dict[str, str] = {}
        self._study_of_image: dict[str, str] = {}

    def add(self, study: omidb_episodes.Study, client: str) -> None:
        self._client[study.uid] = client
        self._study_of_image.update(dict.fromkeys(study.images, study.uid))

    def study_of(self, file: str) -> str | None:
        """The folder that is a study, else the study of the file's name."""
        for folder in reversed(_folders(file)):
            if folder in self._client:
                return folder
        return self._study_of_image.get(rows.stem(file))

    def patient_of(self, file: str, patient_id: str) -> str:
        """The client: of the study, else of a folder, else PatientID."""
        study = self.study_of(file)
        if study is not None:
            return self._client[study]
        for folder in reversed(_folders(file)):
            if _CLIENT.fullmatch(folder):
                return folder.lower()
        return patient_id


def _folders(file: str) -> list[str]:
    return file.replace("\\", "/").split("/")[:-1]


def _sides(study: omidb_episodes.Study,
           episodes: Mapping[str, omidb_episodes.Episode],
           ) -> Mapping[str, omidb_episodes.Status | str]:
    episode = omidb_episodes.episode_of(study, episodes)
    if episode is None:
        return dict.fromkeys(omidb_episodes.SIDES,
                             "of a study whose episode is not known")
    return episode.sides


def _diagnoses(sides: Mapping[str, omidb_episodes.Status | str],
               study: omidb_episodes.Study, client: str, source: str,
               book: ledger.Ledger) -> Iterator[rows.Diagnosis]:
    """One for each side that there is a status of."""
    for side, status in sides.items():
        if isinstance(status, str):
            book.leave_out(status, (source, study.number))
            continue
        if status.name == "CIP":
            book.remark("of the last screening before an interval cancer",
                        (source, study.number))
        yield rows.Diagnosis(
            row=study.number, source=source, patient_id=client,
            laterality=side, year=None, birads=None, birads_1=None,
            birads_2=None, birads_3=None, cancer=status.cancer,
            outcome=rows.outcome_of(status.cancer, status.follow_up),
            follow_up=status.follow_up, image=study.uid)


def _summary(statuses: Mapping[str, int], book: ledger.Ledger) -> str:
    count = sum(statuses.values())
    listed = ", ".join(f"{statuses[name]:,} {name}"
                       for name in ("CI", "M", "B", "N") if statuses[name])
    return (f"label table: {errors.counted(count, 'client')} ({listed}), "
            f"{book.read // len(omidb_episodes.SIDES):,} studies of two "
            "breasts each; a row is a study's number in its file")
