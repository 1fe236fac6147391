"""How a view was modified: spot compression, magnification, implant, ...

Modifiers stand as codes beside the view, and where machines or archives left
those out as words in the paddle's name, the view's or the series' text.
"""

import re

from pipelines.dicom_values import Elements

_VIEW_POSITION = 0x00185101
_SERIES_DESCRIPTION = 0x0008103E
_PADDLE = 0x001811A4
_MAGNIFICATION_FACTOR = 0x00181114
_VIEW_CODES = 0x00540220
_VIEW_MODIFIERS = 0x00540222
_CODE_VALUE = 0x00080100
_CODE_MEANING = 0x00080104

TAGS = (_VIEW_POSITION, _SERIES_DESCRIPTION, _PADDLE, _MAGNIFICATION_FACTOR,
        _VIEW_CODES, _VIEW_MODIFIERS)

# View modifier for mammography (PS3.16, CID 4015): name, SNOMED CT, SNOMED RT.
_CID_4015 = (
    ("anterior_compression", "441752004", "P2-00161"),
    ("axillary_tail", "399011000", "R-102D1"),
    ("axillary_tissue", "442580003", "R-40AB2"),
    ("cleavage", "399161006", "R-102D2"),
    ("implant_displaced", "399209000", "R-102D5"),
    ("infra_mammary_fold", "442593008", "R-40ABE"),
    ("magnification", "399163009", "R-102D6"),
    ("nipple_in_profile", "442581004", "R-40AB3"),
    ("rolled_inferior", "414493004", "R-102CA"),
    ("rolled_lateral", "399197002", "R-102D3"),
    ("rolled_medial", "399226006", "R-102D4"),
    ("rolled_superior", "415670009", "R-102C9"),
    ("spot_compression", "399055006", "R-102D7"),
    ("tangential", "399110001", "R-102C2"),
)
_BY_CODE = {code: name for name, *codes in _CID_4015 for code in codes}
_BY_MEANING = {name.replace("_", ""): name for name, *_ in _CID_4015}
# Words of paddles and of views ('MAG', '10CM SPOT', 'CC SPOT MAG').
_WORDS = {"SPOT": "spot_compression", "SPT": "spot_compression",
          "MAG": "magnification", "MAGNIFICATION": "magnification",
          "MAGNIFIED": "magnification"}
# ACR's suffix for implant displaced views, a word of many meanings elsewhere.
_VIEW_WORDS = _WORDS | {"ID": "implant_displaced"}
_SUFFIX = re.compile(r"(SPOT|SPT|MAG|ID)\Z")
_VIEWS_WITH_SUFFIX = frozenset(
    side + view for side in ("", "L", "R")
    for view in ("CC", "MLO", "ML", "LM", "LMO", "XCCL"))
# A breast on its support is magnified by 1.0 to 1.1, on a stand by 1.5 to 2.
_LEAST_MAGNIFICATION = 1.3

# Views of a part of the breast only, or enlarged: `excluded` by default.
SPOT_OR_MAGNIFICATION = ("spot_compression", "magnification")
# Views that are not the standard one of their name.
SPECIAL = ("axillary_tail", "cleavage", "rolled_inferior", "rolled_lateral",
           "rolled_medial", "rolled_superior", "tangential")
IMPLANT_DISPLACED = "implant_displaced"


def find_view_modifiers(elements: Elements) -> tuple[str, ...]:
    """Names of CID 4015, as 'spot_compression'; unknown ones left out.

    From the code or else the meaning of (0054,0222) *View Modifier Code
    Sequence*; words of (0018,11A4) *Paddle Description*, of *View Position*
    and of *Series Description*; (0018,1114) *Estimated Radiographic
    Magnification Factor* above 1.3.
    """
    found = set(_of_codes(elements))
    found |= _in_text(elements.text(_PADDLE), _WORDS)
    found |= _in_text(elements.text(_VIEW_POSITION), _VIEW_WORDS)
    found |= _in_text(elements.text(_SERIES_DESCRIPTION), _WORDS)
    if (magnification_factor(elements) or 1) >= _LEAST_MAGNIFICATION:
        found.add("magnification")
    return tuple(sorted(found))


def magnification_factor(elements: Elements) -> float | None:
    """(0018,1114); None where it is absent, malformed or below 1."""
    factor = elements.number(_MAGNIFICATION_FACTOR)
    return factor if factor and factor >= 1 else None


def without_suffix(word: str) -> str:
    """A view's word without the modifier that is written onto its end.

    >>> without_suffix("CCSPOT"), without_suffix("RMLOID")
    ('CC', 'RMLO')
    """
    view = _SUFFIX.sub("", word)
    return view if view in _VIEWS_WITH_SUFFIX else word


def _of_codes(elements: Elements) -> list[str]:
    """The modifiers belong to the view's item (PS3.3, C.8.11.7); some writers
    put them beside it."""
    holders = (*elements.items(_VIEW_CODES), elements)
    names = []
    for modifier in (modifier for holder in holders
                     for modifier in holder.items(_VIEW_MODIFIERS)):
        meaning = (modifier.text(_CODE_MEANING) or "").lower()
        names.append(_BY_CODE.get(modifier.text(_CODE_VALUE) or "")
                     or _BY_MEANING.get(re.sub("[^a-z]", "", meaning)))
    return [name for name in names if name]


def _in_text(text: str | None, words: dict[str, str]) -> set[str]:
    """The modifiers that a text names, as words or at the end of a view's."""
    found = set()
    for word in re.findall(r"[^\W_]+", (text or "").upper()):
        if word in words:
            found.add(words[word])
            continue
        suffix = word[len(without_suffix(word)):]
        if suffix in words:
            found.add(words[suffix])
    return found
