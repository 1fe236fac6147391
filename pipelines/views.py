"""Which breast and which view, from wherever a header says so.

Mammograms name their view in any of a handful of places, and de-identified
ones often keep only one of them. Each function asks them in the order of
their reliability, and gives each place's name with its answer.
"""

import re
from collections.abc import Iterable

from pipelines.dicom_values import Elements
from pipelines.modifiers import without_suffix

_VIEW_POSITION = 0x00185101
_SERIES_DESCRIPTION = 0x0008103E
_PATIENT_ORIENTATION = 0x00200020
_LATERALITY = 0x00200060
_IMAGE_LATERALITY = 0x00200062
_FRAME_LATERALITY = 0x00209072
_FRAME_ANATOMY = 0x00209071
_SHARED_GROUPS, _FRAME_GROUPS = 0x52009229, 0x52009230
_VIEW_CODES = 0x00540220
_CODE_VALUE = 0x00080100
_CODE_MEANING = 0x00080104

# What the functions below read, series description included: it is looked
# at, and never stored.
TAGS = (_VIEW_POSITION, _SERIES_DESCRIPTION, _PATIENT_ORIENTATION,
        _LATERALITY, _IMAGE_LATERALITY, _SHARED_GROUPS, _FRAME_GROUPS,
        _VIEW_CODES)

# View for mammography (PS3.16, CID 4014): view, SNOMED CT, SNOMED RT, and
# what the meaning reads without its punctuation.
_CID_4014 = (
    ("CC", "399162004", "R-10242", "craniocaudal"),
    ("MLO", "399368009", "R-10226", "mediolateraloblique"),
    ("ML", "399260004", "R-10224", "mediolateral"),
    ("ML", "399260004", "R-10224", "mediallateral"),
    ("LM", "399352003", "R-10228", "lateromedial"),
    ("LM", "399352003", "R-10228", "lateralmedial"),
    ("LMO", "399099002", "R-10230", "lateromedialoblique"),
    ("FB", "399196006", "R-10244", "caudocranial"),
    ("FB", "399196006", "R-10244", "caudocranialfrombelow"),
    ("SIO", "399188001", "R-102D0", "superolateraltoinferomedialoblique"),
    ("ISO", "441555000", "R-40AAA", "inferomedialtosuperolateraloblique"),
    ("XCCL", "399192008", "R-1024A", "craniocaudalexaggeratedlaterally"),
    ("XCCM", "399101009", "R-1024B", "craniocaudalexaggeratedmedially"),
    # Codes of an early edition, withdrawn because SNOMED has no such codes.
    ("XCCL", "Y-X1770", "Y-X1770", "exaggeratedcraniocaudallaterally"),
    ("XCCM", "Y-X1771", "Y-X1771", "exaggeratedcraniocaudalmedially"),
    ("XCC", "399265009", "R-102CF", "exaggeratedcraniocaudal"),
)
_BY_CODE = {code: view for view, *codes, _ in _CID_4014 for code in codes}
_BY_MEANING = {meaning: view for view, *_, meaning in _CID_4014}

# ACR's names (PS3.16, CID 4014), and the two views that CID 4015 makes of a
# modifier: axillary tail and cleavage.
VIEWS = frozenset(_BY_MEANING.values()) | {"AT", "CV"}
# The names that are nothing else in free text: not so AT, or the ML of a
# contrast agent.
_TELLING = frozenset(("CC", "MLO", "LMO", "XCC", "XCCL", "XCCM"))
# What a side's letter is written in front of; LAT is a lateral, not a left AT.
_PREFIXED = _TELLING | {"ML", "LM"}
_SIDES = {"L": "L", "LEFT": "L", "LT": "L", "R": "R", "RIGHT": "R", "RT": "R"}

# A place, and what it says; what is found, and where.
Answer = tuple[str, str | None]
Found = tuple[str, str] | tuple[None, None]


def view_answers(elements: Elements) -> tuple[Answer, ...]:
    """What each place names as the view, by ACR's name, as 'MLO'.

    In order: (0018,5101) *View Position*; the code value of (0054,0220) *View
    Code Sequence*, then its meaning; (0020,0020) *Patient Orientation* where
    the view was written there (CBIS-DDSM); (0008,103E) *Series Description*.
    """
    return (
        ("view_position", _view_in(elements.text(_VIEW_POSITION), VIEWS)),
        ("view_code", _view_of_code(elements)),
        ("patient_orientation", _view_in(
            elements.text(_PATIENT_ORIENTATION), _TELLING)),
        ("series_description", _view_in(
            elements.text(_SERIES_DESCRIPTION), _TELLING)))


def laterality_answers(elements: Elements,
                       view: str | None) -> tuple[Answer, ...]:
    """What each place names as the side, 'L' or 'R'; both are no answer.

    In order: (0020,0062) *Image Laterality*; (0020,0060) *Laterality*, of the
    series; (0020,9072) *Frame Laterality*; text such as 'RCC' or 'RIGHT CC' in
    *View Position* or *Series Description*; *Patient Orientation* of a view
    whose plane is oblique.
    """
    return (
        ("image_laterality", _side(elements.text(_IMAGE_LATERALITY))),
        ("laterality", _side(elements.text(_LATERALITY))),
        ("frame_laterality", _frame_laterality(elements)),
        ("view_position", _side_in(elements.text(_VIEW_POSITION), VIEWS)),
        ("series_description", _side_in(
            elements.text(_SERIES_DESCRIPTION), _TELLING)),
        ("patient_orientation", _side_of_plane(elements, view)))


def contradicted(answers: Iterable[Answer]) -> bool:
    """Whether two places name different things."""
    return len({answer for _, answer in answers} - {None}) > 1


def first(answers: Iterable[Answer]) -> Found:
    """The first answer, and the place that gave it."""
    for source, answer in answers:
        if answer:
            return answer, source
    return None, None


def _side(text: str | None) -> str | None:
    return _SIDES.get((text or "").upper())


def _frame_laterality(elements: Elements) -> str | None:
    """Of all frames, or else the one that each of them has."""
    for groups in (_SHARED_GROUPS, _FRAME_GROUPS):
        sides = {_side(anatomy.text(_FRAME_LATERALITY))
                 for group in elements.items(groups)
                 for anatomy in group.items(_FRAME_ANATOMY)}
        if sides:
            return _only(sides)
    return None


def _only(answers: Iterable[str | None]) -> str | None:
    """The answer, if there is exactly one."""
    distinct = set(answers) - {None}
    return distinct.pop() if len(distinct) == 1 else None


def _parts(text: str | None, views: frozenset[str]
           ) -> list[tuple[str | None, str | None]]:
    """The side and the view in each word of a text.

    >>> _parts("R-MLO rcc LML", VIEWS)
    [('R', None), (None, 'MLO'), ('R', 'CC'), ('L', 'ML')]
    """
    return [_part(word, views)
            for word in re.findall(r"[^\W_]+", (text or "").upper())]


def _part(word: str, views: frozenset[str]) -> tuple[str | None, str | None]:
    word = without_suffix(word)
    # LMO and LM are views, and not a left MO or M.
    if word in views:
        return None, word
    if word in _SIDES:
        return _SIDES[word], None
    if word[:1] in _SIDES and word[1:] in _PREFIXED:
        return word[0], word[1:]
    return None, None


def _view_in(text: str | None, views: frozenset[str]) -> str | None:
    """The one view that the text names.

    >>> _view_in("LEFT CC", VIEWS), _view_in("CC and MLO", VIEWS)
    ('CC', None)
    """
    return _only(view for _, view in _parts(text, views))


def _side_in(text: str | None, views: frozenset[str]) -> str | None:
    """The one side that the text names; a letter counts beside a view only.

    >>> _side_in("L CC", VIEWS), _side_in("VITAMIN L", VIEWS)
    ('L', None)
    """
    parts = _parts(text, views)
    words = re.findall(r"[^\W_]+", (text or "").upper())
    beside = [False, *(view is not None for _, view in parts), False]
    sides = {side for i, (side, view) in enumerate(parts)
             if view or len(words[i]) > 1 or beside[i] or beside[i + 2]}
    return _only(sides)


def _view_of_code(elements: Elements) -> str | None:
    items = elements.items(_VIEW_CODES)
    views = {_BY_CODE.get(item.text(_CODE_VALUE) or "") for item in items}
    if views - {None}:
        return _only(views)
    meanings = (re.sub("[^a-z]", "", (item.text(_CODE_MEANING) or "").lower())
                for item in items)
    return _only(_BY_MEANING.get(meaning) for meaning in meanings)


def _side_of_plane(elements: Elements, view: str | None) -> str | None:
    """The side from the directions of the image's axes, if they tell it.

    The plane of an MLO (or of its reverse, LMO) holds the line from the
    breast's upper outer to its lower inner quadrant: from head-left to
    feet-right on the left breast, from head-right to feet-left on the right
    one (PS3.3, C.7.6.1.1.1). A CC's directions are the same for both breasts,
    one of them hung upside down.
    """
    if view not in ("MLO", "LMO"):
        return None
    diagonals = [set(value) for value in elements.values(_PATIENT_ORIENTATION)]
    left = any({"F", "R"} <= d or {"H", "L"} <= d for d in diagonals)
    right = any({"F", "L"} <= d or {"H", "R"} <= d for d in diagonals)
    return None if left == right else "L" if left else "R"
