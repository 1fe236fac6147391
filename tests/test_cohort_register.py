"""The register keeps a screening programme's rules."""

import datetime
import io
from collections import Counter, defaultdict

import openpyxl
import pytest

from tools import make_cohort
from tools.cohort import register, tables

PATIENTS = register.make_register(1, 200)
DEFAULT = register.make_register(1, make_cohort.DEFAULT_PATIENTS)
FOLLOW_UP = {0, 4, 5, 6}


def rows(patients=PATIENTS):
    return [row for patient in patients for row in patient.rows]


def test_each_split_of_the_default_holds_cancers_and_others():
    found = Counter(
        (register.split_of(row.patient_id), row.outcome)
        for patient in DEFAULT if patient.visits for row in patient.rows)
    for split in ("train", "validation", "test"):
        assert found[split, "TP"] > 0 and found[split, "TN"] > 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("patients", [40, 100])
def test_so_does_each_split_of_any_other_seed(seed, patients):
    cohort = register.make_register(seed, patients)
    found = {(register.split_of(row.patient_id), row.outcome)
             for patient in cohort if patient.visits for row in patient.rows}
    assert found >= {(split, outcome) for outcome in ("TP", "TN")
                     for split in ("train", "validation", "test")}


def test_the_default_is_small_and_has_one_of_each():
    images = sum(2 * len(visit.breasts)
                 for patient in DEFAULT for visit in patient.visits)
    assert 300 <= images <= 400
    outcomes = {row.outcome for row in rows(DEFAULT)}
    assert outcomes == {"TP", "TN", "FP", "FN"}
    visits = [visit for patient in DEFAULT for visit in patient.visits]
    assert any(len(visit.breasts) == 1 for visit in visits)  # a repeat
    assert any(breast.implant for visit in visits
               for breast in visit.breasts.values())


def test_cancers_are_several_percent_of_screened_breasts():
    share = sum(row.cancer for row in rows()) / len(rows())
    assert 0.03 < share < 0.12


def test_patient_ids_are_six_digits_all_different():
    identifiers = [register.patient_id(k) for k in range(20_000)]
    assert len(set(identifiers)) == 20_000
    assert all(len(text) == 6 and text.isdigit() for text in identifiers)
    assert any(text.startswith("00") for text in identifiers)
    assert max(identifiers) < str(register.FIRST_SPECIAL_ID)


def test_a_larger_cohort_begins_with_the_smaller():
    assert register.make_register(1, 60) == PATIENTS[:60]


def test_another_seed_is_another_cohort():
    assert register.make_register(2, 10) != PATIENTS[:10]


def deciding_referral(row):
    first = row.birads_1 in FOLLOW_UP
    if row.birads_3 is not None:
        return row.birads_3 in FOLLOW_UP
    return first


def test_readings_agree_with_outcomes():
    for row in rows():
        disagree = (row.birads_1 in FOLLOW_UP) != (row.birads_2 in FOLLOW_UP)
        assert (row.birads_3 is not None) == disagree
        assert deciding_referral(row) == (row.outcome in ("TP", "FP"))
        assert row.cancer == (row.outcome in ("TP", "FN"))
    assert any(row.birads_3 is not None for row in rows())


def test_one_row_for_a_side_and_year_dated_new_years_day():
    keys = Counter((row.patient_id, row.laterality, row.diagnosis_date)
                   for row in rows())
    assert max(keys.values()) == 1
    assert all((day.month, day.day) == (1, 1) for _, _, day in keys)


def test_screenings_are_two_years_apart_and_repeats_weeks():
    for patient in PATIENTS:
        gaps = [(later.date - earlier.date).days for earlier, later in zip(
            patient.visits, patient.visits[1:])]
        for gap, visit in zip(gaps, patient.visits[1:]):
            expected = (10, 40) if len(visit.breasts) == 1 else (680, 780)
            assert expected[0] <= gap <= expected[1]


def test_every_visit_finds_its_diagnosis_by_own_or_next_year():
    years = defaultdict(set)
    for row in rows():
        years[row.patient_id, row.laterality].add(row.diagnosis_date.year)
    for patient in PATIENTS:
        for visit in patient.visits:
            for side in visit.breasts:
                assert years[patient.patient_id, side] & {
                    visit.date.year, visit.date.year + 1}


def test_some_diagnoses_have_no_image():
    assert any(not patient.visits and patient.rows for patient in PATIENTS)


def test_referred_cancers_show_a_malignant_finding():
    for patient in PATIENTS:
        if not patient.visits:
            continue
        last = patient.visits[-1]
        for row in patient.rows[-2:]:
            malignant = any(
                lesion.kind in ("spiculated_mass", "cluster")
                for lesion in last.lesions[row.laterality])
            assert malignant == bool(row.cancer)


@pytest.mark.parametrize("day,year", [
    ((2012, 1, 1), 2012), ((2012, 7, 2), 2012), ((2012, 7, 3), 2013),
    ((2013, 7, 2), 2013), ((2013, 7, 3), 2014), ((2013, 12, 31), 2014)])
def test_dates_round_to_the_nearest_new_year(day, year):
    assert register.nearest_new_year(
        datetime.date(*day)) == datetime.date(year, 1, 1)


def test_csv_has_text_ids_and_iso_dates():
    lines = tables.csv_bytes(rows()[:2]).decode().splitlines()
    assert lines[0] == ",".join(register.COLUMNS)
    first = rows()[0]
    assert lines[1].startswith(
        f"{first.patient_id},{first.laterality},{first.diagnosis_date},")


def test_xlsx_keeps_leading_zeros_and_tells_no_time():
    chosen = [row for row in rows() if row.patient_id.startswith("0")][:5]
    data = tables.xlsx_bytes(chosen)
    assert data == tables.xlsx_bytes(chosen)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    header, *body = sheet.iter_rows(values_only=True)
    assert header == register.COLUMNS
    assert [line[0] for line in body] == [row.patient_id for row in chosen]
    assert body[0][2].date() == chosen[0].diagnosis_date
    assert body[0][5] == chosen[0].birads_3
