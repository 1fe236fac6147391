"""The rules of the label join by plain loops, to hold the real one to.

Written from the rules alone, one image and one diagnosis at a time: slow, and
obvious. Nothing of pipelines.join is used.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable

from pipelines import shards

VISIT, BREAST, IMAGE = "visit", "breast", "image"

_LABELS = ("birads", "outcome", "cancer", "follow_up", "label_rule",
           "label_row", "label_contradicts_rounding", "split", "shard",
           "index_in_shard")
_REFERRED = (0, 4, 5, 6)
_SEVERITY = {6: 7, 5: 6, 4: 5, 0: 4, 3: 3, 2: 2, 1: 1}


@dataclasses.dataclass(frozen=True)
class Source:
    """One data set.

    Attributes:
      images: Scan rows.
      diagnoses: Table rows: row, patient_id, laterality, date (rounded
        already), birads_1 to birads_3, cancer, outcome; in tables of images
        also image and view; official where there is such a split. None is
        blank.
      kind: What a diagnosis is of: `VISIT`, `BREAST` or `IMAGE`.
      patient_of: From PatientID to the patient.
    """

    images: list[dict]
    diagnoses: list[dict]
    kind: str = VISIT
    patient_of: Callable[[str], str] = lambda patient_id: patient_id


def expected(images, rejected, diagnoses, rules):
    """What becomes of each image of one register: see `expected_of_all`."""
    return expected_of_all([Source(images, diagnoses)], rejected, rules)


def expected_of_all(sources, rejected, rules):
    """What becomes of each image of several data sets.

    Args:
      sources: The data sets.
      rejected: File to reason, of those that share a SOP Instance UID.
      rules: plan.PlanRules.

    Returns:
      File to patient, side, view, status, reason and labels; the row numbers
      of diagnoses that no image asked for, each key by its first row.
    """
    result, unmatched, images = {}, [], []
    for source in sources:
        keys = by_key(source.diagnoses, source.kind)
        told = [_told(image, source, keys) for image in source.images]
        claims = _claims(told, rejected, keys, rules, source.kind)
        for image in told:
            verdict = dict.fromkeys(_LABELS) | {
                name: image[name]
                for name in ("patient_id", "laterality", "view")}
            verdict.update(_verdict(image, rejected, keys, claims, rules,
                                    source.kind))
            if verdict["status"] in ("planned", "excluded"):
                verdict["split"] = _split(image["patient_id"], told, source,
                                          keys, rules)
            result[image["file"]] = verdict
        images += told
        claimed = {key for key, _ in claims.values()}
        unmatched += [rows[0]["row"] for key, rows in keys.items()
                      if key not in claimed]
    _place(images, result, rules)
    return result, unmatched


def key_of(diagnosis, kind):
    """What makes two rows be of the same."""
    if kind == IMAGE:
        return diagnosis["image"]
    breast = diagnosis["patient_id"], diagnosis["laterality"]
    return breast if kind == BREAST else (*breast, diagnosis["date"].year)


def by_key(diagnoses, kind=VISIT):
    """All different rows of each patient, side and year, breast or image."""
    keys = {}
    for diagnosis in diagnoses:
        rows = keys.setdefault(key_of(diagnosis, kind), [])
        if not any(said(one) == said(diagnosis) for one in rows):
            rows.append(diagnosis)
    return keys


def said(diagnosis):
    """Everything that a row says of its key."""
    cancer, outcome, follow_up = truth(diagnosis)
    return (diagnosis["birads_1"], diagnosis["birads_2"],
            diagnosis["birads_3"], cancer, outcome, follow_up)


def birads(diagnosis):
    """The category of the reading that decided."""
    if diagnosis["birads_3"] is not None:
        return diagnosis["birads_3"]
    worst = None
    for category in (diagnosis["birads_1"], diagnosis["birads_2"]):
        if category is None:
            continue
        if worst is None or _SEVERITY[category] > _SEVERITY[worst]:
            worst = category
    return worst


def truth(diagnosis):
    """Cancer, outcome and follow-up."""
    category = birads(diagnosis)
    follow_up = None if category is None else int(category in _REFERRED)
    cancer = diagnosis["cancer"]
    outcome = diagnosis["outcome"]
    if outcome is not None:
        cancer = 1 if outcome in ("TP", "FN") else 0
        follow_up = 1 if outcome in ("TP", "FP") else 0
    elif follow_up is not None:
        if cancer:
            outcome = "TP" if follow_up else "FN"
        else:
            outcome = "FP" if follow_up else "TN"
    return cancer, outcome, follow_up


def rounded_year(date):
    """Of the nearest 1 January; of two as near, the earlier."""
    before = datetime.date(date.year, 1, 1)
    after = datetime.date(date.year + 1, 1, 1)
    return date.year if date - before <= after - date else date.year + 1


def name_of(image):
    """By which a table of images names it: its file's, without folders."""
    return image["file"].rpartition("/")[2]


def is_accepted(image, rejected):
    return image["status"] is None and image["file"] not in rejected


def visit_of(image, kind=VISIT):
    """Patient, side and what tells visits apart; None where one is missing."""
    apart = {VISIT: image["study_date"], BREAST: "always",
             IMAGE: image["file"]}[kind]
    visit = image["patient_id"], image["laterality"], apart
    return None if None in visit else visit


def _told(image, source, keys):
    """The image with what the label table knows better than its header."""
    if image["patient_id"] is not None:
        image = image | {"patient_id": source.patient_of(image["patient_id"])}
    if source.kind == IMAGE and name_of(image) in keys:
        row = keys[name_of(image)][0]
        for name in ("patient_id", "laterality", "view"):
            if row[name] is not None:
                image = image | {name: row[name]}
    return image


def _tried(image, visit, rules, kind):
    """The keys that a visit asks for, in order, and by which rule."""
    patient, side, _ = visit
    if kind == IMAGE:
        return [(name_of(image), "image")]
    if kind == BREAST:
        return [((patient, side), "breast")]
    date = image["study_date"]
    if rules.label_match == "rounding":
        return [((patient, side, rounded_year(date)), "rounded_year")]
    return [((patient, side, date.year), "own_year"),
            ((patient, side, date.year + 1), "next_year")]


def _claims(images, rejected, keys, rules, kind):
    """Each visit's key in the table and the rule that found it."""
    claims = {}
    for image in images:
        visit = visit_of(image, kind)
        if visit is None or not is_accepted(image, rejected):
            continue
        for key, rule in _tried(image, visit, rules, kind):
            if key in keys:
                claims[visit] = key, rule
                break
    return claims


def _verdict(image, rejected, keys, claims, rules, kind):
    if image["status"] is not None:
        return {"status": "rejected", "reason": image["reason"]}
    if image["file"] in rejected:
        return {"status": "rejected", "reason": rejected[image["file"]]}
    reason = _why_unlabelled(image, keys, claims, kind)
    if reason:
        return {"status": "unlabelled", "reason": reason}
    key, rule = claims[visit_of(image, kind)]
    diagnosis = keys[key][0]
    cancer, outcome, follow_up = truth(diagnosis)
    reason = _why_excluded(image, outcome, rules)
    return {
        "status": "excluded" if reason else "planned", "reason": reason,
        "birads": birads(diagnosis), "outcome": outcome, "cancer": cancer,
        "follow_up": follow_up, "label_rule": rule,
        "label_row": diagnosis["row"],
        "label_contradicts_rounding": None if kind != VISIT else (
            rule == "own_year"
            and key[2] != rounded_year(image["study_date"]))}


def _why_unlabelled(image, keys, claims, kind):
    if image["patient_id"] is None:
        return "no_patient_id"
    if image["laterality"] is None:
        return "no_laterality"
    visit = visit_of(image, kind)
    if visit is None:
        return "no_study_date"
    if visit not in claims:
        return "no_diagnosis"
    key, _ = claims[visit]
    if len(keys[key]) > 1:
        return "contradicting_diagnosis"
    for other, (claimed, _) in claims.items():
        if claimed == key and other[2] > visit[2]:
            return "superseded"
    return None


def _why_excluded(image, outcome, rules):
    modifiers = image["view_modifiers"] or []
    if (image["image_kind"] or "2d") not in rules.image_kinds:
        return "other_kind"
    if image["view"] is None:
        return "unknown_view"
    if image["view"] not in rules.views:
        return "other_view"
    if not rules.keep_spot_views and (
            "spot_compression" in modifiers or "magnification" in modifiers):
        return "spot_or_magnification"
    if not rules.keep_special_views and any(
            name.startswith(("rolled", "cleavage", "axillary_tail",
                             "tangential")) for name in modifiers):
        return "special_view"
    if (image["presentation_intent"] == "FOR PROCESSING"
            and not rules.keep_for_processing):
        return "for_processing"
    implant = image["implant"] or "implant_displaced" in modifiers
    if implant and rules.exclude_implants:
        return "implant"
    if outcome == "FN" and not rules.keep_interval_cancers:
        return "interval_cancer"
    return None


def _split(patient, images, source, keys, rules):
    digest = hashlib.sha256((rules.salt + patient).encode()).hexdigest()
    value = int(digest[:13], 16) / 16**13
    parts = {one.get("official") for one in source.diagnoses}
    if parts != {None} and rules.splits != "hash":
        return _official_split(patient, images, source, keys, value, parts)
    train, validation, _ = rules.fractions
    if value < train:
        return "train"
    return "validation" if value < train + validation else "test"


def _official_split(patient, images, source, keys, value, parts):
    """Of all that the table says of a patient, here or not."""
    hers = {one["official"] for one in source.diagnoses
            if one["patient_id"] == patient}
    if source.kind == IMAGE:
        hers |= {one["official"] for image in images
                 if image["patient_id"] == patient
                 for one in keys.get(name_of(image), ())}
    if "test" in hers:
        return "test"
    if "validation" in hers or (
            "validation" not in parts and value >= 8 / 9):
        return "validation"
    return "train"


def _place(images, result, rules):
    """Cuts each split, in the order of a hash, into shards of equal count."""
    ranked = {split: [] for split in shards.SPLITS}
    for image in images:
        verdict = result[image["file"]]
        if verdict["status"] == "planned":
            salted = rules.salt + image["sop_instance_uid"]
            ranked[verdict["split"]].append(
                (hashlib.sha256(salted.encode()).hexdigest(), image["file"]))
    for files in ranked.values():
        files.sort()
        count = shards.shard_count(len(files))
        position = 0
        for shard in range(count):
            size = len(files) // count + (shard < len(files) % count)
            for index in range(size):
                result[files[position][1]].update(
                    shard=shard, index_in_shard=index)
                position += 1
