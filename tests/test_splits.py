"""The split of a patient."""

import hypothesis
import pytest
from hypothesis import strategies as st

from pipelines import splits

_DEFAULT = (0.8, 0.1, 0.1)


@pytest.mark.parametrize("patient_id, salt, value", [
    # int(sha256(salt + patient_id)[:13], 16) / 16**13
    ("000123", "mammoflow-1", 0.18764040950958072),
    ("P_00173", "mammoflow-1", 0.5018965314110713),
    ("P_00820", "mammoflow-1", 0.7042023413811911),
])
def test_value_is_the_salted_hash(patient_id, salt, value):
    assert splits.split_value(patient_id, salt) == value


def test_value_is_of_utf8():
    assert 0 <= splits.split_value("Zoë", "salt") < 1
    assert splits.split_value("b", "a") == splits.split_value("ab", "")


@pytest.mark.parametrize("value, fractions, split", [
    (0.0, _DEFAULT, "train"),
    (0.7999999, _DEFAULT, "train"),
    (0.8, _DEFAULT, "validation"),
    (0.8999999, _DEFAULT, "validation"),
    (0.9, _DEFAULT, "test"),
    # 0.7 + 0.2 is 0.8999999999999999.
    (0.9, (0.7, 0.2, 0.1), "test"),
    (0.89999999, (0.7, 0.2, 0.1), "validation"),
    (0.999999, (1.0, 0.0, 0.0), "train"),
    (0.0, (0.0, 1.0, 0.0), "validation"),
])
def test_split_is_cut_at_the_fractions(value, fractions, split):
    assert splits.split_of(value, fractions) == split


@pytest.mark.parametrize("parts, value, has_validation, split", [
    ({"test"}, 0.0, False, "test"),
    ({"train", "test"}, 0.0, False, "test"),
    ({"train", "validation", "test"}, 0.0, True, "test"),
    ({"train", "validation"}, 0.0, True, "validation"),
    ({"train"}, 0.0, False, "train"),
    ({"train"}, 8 / 9, False, "validation"),
    ({"train"}, 0.8888, False, "train"),
    ({"train"}, 0.99, True, "train"),
])
def test_official_split_lets_test_win(parts, value, has_validation, split):
    assert splits.official_split(parts, value, has_validation) == split


@hypothesis.given(st.lists(st.integers(0, 1000), min_size=3, max_size=3)
                  .filter(sum))
def test_fractions_of_one_whole_pass(parts):
    fractions = [part / sum(parts) for part in parts]
    splits.check_fractions("--fractions", fractions)
    assert splits.split_of(0.999999, fractions) in ("train", "validation",
                                                    "test")
