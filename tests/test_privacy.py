import pytest

from pipelines import privacy

KEY = b"0123456789abcdef"


@pytest.fixture
def hashed():
    return privacy.Pseudonyms(KEY)


def test_without_a_key_everything_is_kept():
    kept = privacy.Pseudonyms()
    assert kept.patient("000123") == "000123"
    assert kept.path("a/000123.dcm", "000123") == "a/000123.dcm"
    assert kept.path_key("a") is None and kept.fingerprint is None


def test_a_patient_has_one_hash_by_key(hashed):
    other = privacy.Pseudonyms(KEY[::-1])
    # printf 'patient\x00000123' | openssl dgst -sha256 -hmac $KEY
    assert hashed.patient("000123") == "2b291d7960dc7b12"
    assert hashed.patient("000124") != hashed.patient("000123")
    assert other.patient("000123") != hashed.patient("000123")
    assert other.fingerprint != hashed.fingerprint


def test_no_id_stays_no_id(hashed):
    assert hashed.patient("") == ""


def test_the_id_is_replaced_wherever_the_path_has_it(hashed):
    mask = hashed.patient("000123")
    assert hashed.path("x/000123/cc_000123.dcm", "000123") == (
        f"x/{mask}/cc_{mask}.dcm")


@pytest.mark.parametrize("path, suffix", [
    ("000123/notes.txt", ".txt"), ("scan.000123", ""), ("a.dcm.gz", ".gz")])
def test_a_path_of_nobody_known_is_hidden(hashed, path, suffix):
    hidden = hashed.path(path, None)
    assert "000123" not in hidden
    assert hidden == f"hidden-{hashed.path_key(path)}{suffix}"


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="--id_key_file holds 5 bytes"):
        privacy.Pseudonyms(b"short")


def test_the_key_is_never_printed(hashed):
    assert "0123456789" not in repr(hashed)


@pytest.mark.parametrize("age, expected", [(89, 89), (90, 90), (97, 90),
                                           (None, None)])
def test_ages_above_89_are_one_where_patients_are_hashed(age, expected):
    assert privacy.Pseudonyms(b"k" * 32).age(age) == expected
    assert privacy.Pseudonyms().age(age) == age
