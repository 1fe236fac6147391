"""The rules of the label join by plain loops, to hold the real one to.

Written from the rules alone, one image and one diagnosis at a time: slow, and
obvious. Nothing of pipelines.join is used.
"""

import datetime
import hashlib

from pipelines import shards

_LABELS = ("birads", "outcome", "cancer", "follow_up", "label_rule",
           "label_row", "label_contradicts_rounding", "split", "shard",
           "index_in_shard")
_REFERRED = (0, 4, 5, 6)
_SEVERITY = {6: 7, 5: 6, 4: 5, 0: 4, 3: 3, 2: 2, 1: 1}


def expected(images, rejected, diagnoses, rules):
    """What becomes of each image.

    Args:
      images: Scan rows.
      rejected: File to reason, of those that share a SOP Instance UID.
      diagnoses: Table rows: row, patient_id, laterality, date (rounded
        already), birads_1 to birads_3, cancer, outcome; None is blank.
      rules: plan.PlanRules.

    Returns:
      File to status, reason and labels; the row numbers of diagnoses that no
      image asked for, each key by its first row.
    """
    keys = by_key(diagnoses)
    claims = _claims(images, rejected, keys, rules)
    result = {}
    for image in images:
        verdict = dict.fromkeys(_LABELS)
        verdict.update(_verdict(image, rejected, keys, claims, rules))
        result[image["file"]] = verdict
    _place(images, result, rules)
    claimed = {key for key, _ in claims.values()}
    unmatched = [rows[0]["row"] for key, rows in keys.items()
                 if key not in claimed]
    return result, unmatched


def by_key(diagnoses):
    """All different rows of each patient, side and year."""
    keys = {}
    for diagnosis in diagnoses:
        key = (diagnosis["patient_id"], diagnosis["laterality"],
               diagnosis["date"].year)
        rows = keys.setdefault(key, [])
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


def is_accepted(image, rejected):
    return image["status"] is None and image["file"] not in rejected


def visit_of(image):
    """Patient, side and day; None where one is missing."""
    visit = image["patient_id"], image["laterality"], image["study_date"]
    return None if None in visit else visit


def _claims(images, rejected, keys, rules):
    """Each visit's key in the table and the rule that found it."""
    claims = {}
    for image in images:
        visit = visit_of(image)
        if visit is None or not is_accepted(image, rejected):
            continue
        patient, side, date = visit
        if rules.label_match == "rounding":
            tried = [(rounded_year(date), "rounded_year")]
        else:
            tried = [(date.year, "own_year"), (date.year + 1, "next_year")]
        for year, rule in tried:
            if (patient, side, year) in keys:
                claims[visit] = (patient, side, year), rule
                break
    return claims


def _verdict(image, rejected, keys, claims, rules):
    if image["status"] is not None:
        return {"status": "rejected", "reason": image["reason"]}
    if image["file"] in rejected:
        return {"status": "rejected", "reason": rejected[image["file"]]}
    reason = _why_unlabelled(image, keys, claims)
    if reason:
        return {"status": "unlabelled", "reason": reason}
    key, rule = claims[visit_of(image)]
    diagnosis = keys[key][0]
    cancer, outcome, follow_up = truth(diagnosis)
    reason = _why_excluded(image, outcome, rules)
    return {
        "status": "excluded" if reason else "planned", "reason": reason,
        "birads": birads(diagnosis), "outcome": outcome, "cancer": cancer,
        "follow_up": follow_up, "label_rule": rule,
        "label_row": diagnosis["row"],
        "label_contradicts_rounding":
            rule == "own_year"
            and key[2] != rounded_year(image["study_date"]),
        "split": _split(image["patient_id"], rules)}


def _why_unlabelled(image, keys, claims):
    if image["patient_id"] is None:
        return "no_patient_id"
    if image["laterality"] is None:
        return "no_laterality"
    if image["study_date"] is None:
        return "no_study_date"
    visit = visit_of(image)
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


def _split(patient, rules):
    digest = hashlib.sha256((rules.salt + patient).encode()).hexdigest()
    value = int(digest[:13], 16) / 16**13
    train, validation, _ = rules.fractions
    if value < train:
        return "train"
    return "validation" if value < train + validation else "test"


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
