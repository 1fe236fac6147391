"""OMI-DB's JSON: from clients, episodes and events to breasts of studies."""

import json

import pytest

from pipelines import config as configs
from pipelines import plan
from pipelines import sources
from pipelines.labels import omidb, rows
from tests import scan_rows

_NORMAL = {"left_opinion": "Normal", "right_opinion": "Normal",
           "L": {"DateTaken": "2014-03-01", "Opinion": "RN"},
           "R": {"DateTaken": "2014-03-01", "Opinion": "RN"}}
_RECALLED = {**_NORMAL, "right_opinion": "OS"}


def _event(right=None, left=None, lesions: dict | None = None) -> dict:
    return {"left_opinion": left, "right_opinion": right,
            "dateperformed": "2014-03-15", **(lesions or {})}


def _lesion(side: str, opinion: str | None) -> dict:
    return {side: {"1": {"Opinion": opinion, "DatePerformed": "2014-03-15"}}}


def _client(episodes: dict, studies: dict, name: str = "demd1",
            upper: bool = False) -> list[tuple[str, bytes]]:
    """The two files of a client; studies are UID to what is told of it."""
    nbss = {"ClientID": name, "Classification": "M", **episodes}
    imagedb = {"ClientID": name, "Site": "adde", "STUDIES": {
        uid: {"StudyDate": "2014-03-01", f"{uid}.1": {
            f"{uid}.1.1": {"10241": {"X1": "1", "MarkID": 10241}}},
            f"{uid}.2": {f"{uid}.2.1": None, "": None}, **told}
        for uid, told in studies.items()}}
    prefixes = ("NBSS", "IMAGEDB") if upper else ("nbss", "imagedb")
    return [(f"{prefix}_{name}.json", json.dumps(content).encode())
            for prefix, content in zip(prefixes, (nbss, imagedb))]


def _read(files: list[tuple[str, bytes]], **options) -> rows.LabelTable:
    return omidb.read(files, rows.LabelOptions(**options))


def _one(episode: dict) -> tuple[dict[str, tuple], rows.LabelTable]:
    """Cancer and outcome by side of an episode's study, beside a normal."""
    labels = _read([
        *_client({"7": episode}, {"1.5": {"EpisodeID": "7"}}),
        *_client({"1": {"SCREENING": _NORMAL}}, {"1.6": {"EpisodeID": "1"}},
                 "optm2")])
    return {row["laterality"]: (row["cancer"], row["outcome"])
            for row in labels.rows.to_pylist() if row["image"] == "1.5"
            }, labels


_CANCER, _FOUND_LATER = (1, "TP"), (1, "FN")
_RECALL, _TRUE_NEGATIVE = (0, "FP"), (0, "TN")
# Of each episode, what its study's left and right breast are.
_EPISODES = {
    "normal": ({"EpisodeType": "R", "SCREENING": _NORMAL},
               _TRUE_NEGATIVE, _TRUE_NEGATIVE),
    "normal after assessment": (
        {"SCREENING": _RECALLED, "ASSESSMENT": _event("ON")},
        _TRUE_NEGATIVE, _RECALL),
    "normal after biopsy": (
        {"SCREENING": _RECALLED, "ASSESSMENT": _event("OS"),
         "BIOPSYFINE": _event("Normal")}, _TRUE_NEGATIVE, _RECALL),
    "benign": ({"SCREENING": _RECALLED, "BIOPSYWIDE": _event("OB")},
               _TRUE_NEGATIVE, _RECALL),
    "malignant by word": (
        {"SCREENING": _RECALLED, "BIOPSYWIDE": _event("Malignant")},
        _TRUE_NEGATIVE, _CANCER),
    "malignant by code, benign before": (
        {"SCREENING": _RECALLED, "BIOPSYFINE": _event("OB"),
         "SURGERY": _event("OM")}, _TRUE_NEGATIVE, _CANCER),
    "malignant by a lesion": (
        {"SCREENING": _RECALLED,
         "BIOPSYWIDE": _event(None, None, _lesion("R", "B5"))},
        _TRUE_NEGATIVE, _CANCER),
    "both malignant": (
        {"SCREENING": _RECALLED, "SURGERY": _event("OM", "Malignant")},
        _CANCER, _CANCER),
    "interval cancer": (
        {"EpisodeType": "CI", "SCREENING": _NORMAL, "SURGERY": _event("OM")},
        _TRUE_NEGATIVE, _FOUND_LATER),
    "interval cancer by its name, proved nowhere": (
        {"EpisodeType": "Interval case",
         "INTERVALCANCER": {"L": {"1": {"DatePerformed": None}}}},
        _FOUND_LATER, "of the other breast of an unproved interval cancer"),
    "interval cancer of no side": (
        {"EpisodeType": "CI", "SCREENING": _NORMAL},
        *["of an interval cancer whose side is not told"] * 2),
    "interval cancer that is benign": (
        {"EpisodeType": "CI", "BIOPSYWIDE": _event("OB")},
        *["of an interval cancer's episode whose biopsies and surgery are not "
          "malignant"] * 2),
    "no events": ({"EpisodeType": "F"},
                  *["of an episode without events"] * 2),
    "open after biopsy": (
        {"SCREENING": _RECALLED, "BIOPSYWIDE": _event("OU")},
        _TRUE_NEGATIVE, "with a biopsy or surgery that left it open"),
    "uncertain lesion": (
        {"SCREENING": _NORMAL,
         "BIOPSYWIDE": _event(None, None, _lesion("R", "B3"))},
        _TRUE_NEGATIVE, "with a biopsy or surgery that left it open"),
    "assessment without opinion": (
        {"SCREENING": _RECALLED, "ASSESSMENT": _event()},
        *["with an event that has no opinion"] * 2),
    "biopsy without opinion": (
        {"SCREENING": _RECALLED,
         "BIOPSYWIDE": _event(None, None, _lesion("R", None))},
        _TRUE_NEGATIVE, "with an event that has no opinion"),
    "suspicious at screening, and no more": (
        {"SCREENING": _RECALLED}, _TRUE_NEGATIVE,
        "with a suspicion that was neither proved nor dispelled"),
    "malignant at assessment, and no more": (
        {"SCREENING": _RECALLED, "ASSESSMENT": _event("OM")}, _TRUE_NEGATIVE,
        "with a suspicion that was neither proved nor dispelled"),
    "one breast alone": (
        {"EpisodeType": "S", "SURGERY": _event("OM")},
        "that no event of their episode speaks of", _CANCER),
}


@pytest.mark.parametrize("name", _EPISODES)
def test_episode_is_told_by_side(name):
    episode, *expected = _EPISODES[name]
    found, labels = _one(episode)
    left_out = [rule for rule in expected if isinstance(rule, str)]
    assert found == {side: said for side, said in zip("LR", expected)
                     if not isinstance(said, str)}
    assert labels.notes[1] == (
        f"label table: 4 breasts read: {4 - len(left_out)} used, "
        f"{len(left_out)} left out")
    for rule in left_out:
        assert f"left out: {rule} (imagedb_demd1.json, row 1)" in "".join(
            labels.notes)


_YEARS = ("2008", "2011", "2013")


def _prior(opinion: str = "OM", **changes) -> list[tuple]:
    """Two normal screenings and an interval cancer; outcomes in order."""
    episodes = {
        str(number): {
            "EpisodeOpenedDate": f"{year}-02-01",
            "SCREENING": {"left_opinion": "ON", "right_opinion": "ON"},
            **changes}
        for number, year in enumerate(_YEARS)}
    episodes["2"] = {"EpisodeType": "CI", "SURGERY": _event(opinion),
                     "IntervalCancerDateOfDiagnosis": "20130201"}
    episodes["2"]["SURGERY"]["dateperformed"] = "2013-02-14"
    labels = _read(_client(episodes, {
        f"1.{number}": {"EpisodeID": str(number)} for number in range(3)}))
    return [(row["image"], row["laterality"], row["cancer"], row["outcome"])
            for row in labels.rows.to_pylist()]


def test_screening_before_an_interval_cancer_is_one_that_missed_it():
    assert _prior() == [
        ("1.0", "L", 0, "TN"), ("1.0", "R", 0, "TN"),
        ("1.1", "L", 0, "TN"), ("1.1", "R", 1, "FN"),
        ("1.2", "R", 1, "FN")]


def test_screenings_without_a_date_may_be_before_an_interval_cancer():
    assert _prior(EpisodeOpenedDate=None) == [
        ("1.0", "L", 0, "TN"), ("1.1", "L", 0, "TN"), ("1.2", "R", 1, "FN")]


_LINKS = {
    "by number": ({"EpisodeID": 7}, True),
    "by the episode's list": ({"EpisodeID": "9", "StudyDate": None}, True),
    "by day": ({"StudyDate": "20140315"}, True),
    "by no day": ({"EpisodeID": "", "StudyDate": "2013-01-01"}, False),
    "by nothing": ({"StudyDate": None}, False),
}


@pytest.mark.parametrize("name", _LINKS)
def test_study_finds_its_episode(name):
    told, found = _LINKS[name]
    listed = ["1.5"] if "list" in name else None
    labels = _read(_client(
        {"7": {"SCREENING": _RECALLED, "SURGERY": _event("OM"),
               "StudyList": listed},
         "8": {"SCREENING": {"left_opinion": "ON", "right_opinion": "ON",
                             "L": {"DateTaken": "2011-03-01"}}}},
        {"1.4": {"EpisodeID": "8"}, "1.5": told}))
    of_study = {row["laterality"]: row["cancer"]
                for row in labels.rows.to_pylist() if row["image"] == "1.5"}
    assert of_study == ({"L": 0, "R": 1} if found else {})
    if not found:
        assert labels.notes[2] == (
            "label table: 2 breasts left out: of a study whose episode is not "
            "known (imagedb_demd1.json, row 2)")


def _archive() -> list[tuple[str, bytes]]:
    return [
        *_client({"7": {"SCREENING": _RECALLED, "SURGERY": _event("OM")}},
                 {"1.5": {"EpisodeID": "7"}, "1.6": {"EpisodeID": "7"}},
                 upper=True),
        *_client({"3": {"EpisodeType": "CI", "SCREENING": _NORMAL,
                        "BIOPSYWIDE": _event(None, "OM")}},
                 {"1.8": {"EpisodeID": "3"}}, "optm22")]


def test_images_join_to_the_breast_of_their_study():
    files = {
        "images/demd1/1.5/1.5.1.1.dcm": "R",
        "images/demd1/1.5/1.5.2.1.dcm": "L",
        "images/demd1/1.6/not-in-imagedb.dcm": "R",
        "moved/1.6.1.1.dcm.gz": "L", "images/optm22/1.8/1.8.1.1.dcm": "L",
        "images/optm22/1.8/1.8.2.1.dcm": "R",
        "images/optm22/1.9/1.9.1.1.dcm": "R", "images/demd1/1.5/x.dcm": None}
    images = [scan_rows.row(file, patient_id="anonymous", laterality=side)
              for file, side in files.items()]
    labels = _read(_archive())
    found, audit = scan_rows.plan_of(images, labels)
    assert [(row["patient_id"], row["cancer"], row["status"], row["reason"])
            for row in (found[file] for file in files)] == [
        ("demd1", 1, "planned", None), ("demd1", 0, "planned", None),
        ("demd1", 1, "planned", None), ("demd1", 0, "planned", None),
        ("optm22", 1, "excluded", "interval_cancer"),
        ("optm22", 0, "planned", None),
        ("optm22", None, "unlabelled", "no_diagnosis"),
        ("demd1", None, "unlabelled", "no_laterality")]
    assert {row["label_rule"] for row in found.values()} == {"study", None}
    assert set(labels.rows["source"].to_pylist()) == {
        "IMAGEDB_demd1.json", "imagedb_optm22.json"}
    assert audit.matched["study"].visits == 6
    assert audit.unmatched == 0
    assert len({row["split"] for row in found.values()
                if row["patient_id"] == "demd1" and row["split"]}) == 1
    kept, _ = scan_rows.plan_of(
        images, labels, plan.PlanRules(keep_interval_cancers=True))
    assert kept["images/optm22/1.8/1.8.1.1.dcm"]["status"] == "planned"
    assert labels.notes[0].startswith(
        "label table: 2 clients (1 CI, 1 M), 3 studies")


def test_other_files_are_neither_read_nor_needed(tmp_path, monkeypatch):
    for name, data in _archive():
        client = tmp_path / "data" / name.partition("_")[2][:-5]
        (client / "1.5").mkdir(parents=True, exist_ok=True)
        (client / name).write_bytes(data)
        (client / "1.5" / "1.5.1.1.json").write_bytes(b"not JSON")
        (client / "1.5" / "1.5.2.1.dcm.json").write_bytes(b"not JSON")
    read = []
    monkeypatch.setattr(sources.files, "read", lambda path: (
        read.append(path), open(path, "rb").read())[1])
    source = configs.Source("omi", ("x",), configs.LabelSource(
        str(tmp_path / "data"), "omidb"))
    labels = sources.load_labels(configs.BuildConfig((source,), "out"))
    assert labels["omi"].rows.num_rows == 6
    assert len(read) == 4


@pytest.mark.parametrize("files, message", [
    ([], "expected nbss_<client>.json and"),
    ([("1.2.3.json", b"{}")], "expected nbss_<client>.json and"),
    (_archive()[1:2], "without an NBSS file"),
    (_archive()[:1], "expected nbss_<client>.json and"),
    ([("nbss_demd1.json", b"{"), ("NBSS_demd2.json", b"[]")],
     "(?s)2 files .* nbss_demd1.json is not JSON.* NBSS_demd2.json is not a"),
    ([("nbss_demd1.json", b"\xff{}")], "is not JSON"),
    ([*_archive(), ("nbss_demd1.json", b"{}")], "there twice"),
])
def test_files_that_do_not_do_are_an_error(files, message):
    with pytest.raises(rows.LabelError, match=message):
        _read(files)


@pytest.mark.parametrize("studies", [
    {}, None, "", [], {"1.5": None}, {"1.5": {"EpisodeID": None}},
    {"1.5": {"StudyDate": 5, "1.5.1": None, "x": {"y": 1}}}])
def test_odd_studies_are_left_out(studies):
    files = _archive()
    files[1] = ("imagedb_demd1.json", b"\xef\xbb\xbf" + json.dumps(
        {"STUDIES": studies}).encode())
    labels = _read(files)
    assert labels.rows["patient_id"].to_pylist() == ["optm22"] * 2


@pytest.mark.parametrize("options, flag", [
    ({"columns": {"patient_id": "x"}}, "--label_columns"),
    ({"transform_id": str.upper}, "--patient_ids=hash")])
def test_options_without_a_meaning_are_refused(options, flag):
    with pytest.raises(rows.LabelError, match=flag):
        _read(_archive(), **options)


def test_same_file_twice_counts_once_and_a_study_of_two_clients_never():
    assert _read(_archive() + _archive()).rows.num_rows == 6
    files = _archive() + _client(
        {"1": {"SCREENING": _NORMAL}}, {"1.5": {"EpisodeID": "1"}}, "optm3")
    with pytest.raises(rows.LabelError, match="study and side"):
        _read(files)
    labels = _read(files, conflicts="drop")
    assert sum(labels.rows["contradicting"].to_pylist()) == 2
    assert "8 breasts read: 4 used, 4 left out" in labels.notes[1]
