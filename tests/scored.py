"""Scored images of made-up patients, and thresholds chosen on others."""

import datetime

import numpy as np
import pyarrow as pa

from model import bootstrap
from model import evaluation
from model import operating_point

PLAN = bootstrap.Bootstrap(50)
NONE = bootstrap.Bootstrap(0)
DAY = datetime.date(2014, 3, 5)


def scored_images(patients=60, seed=0, strength=1.0, every=3):
    """Two views of both sides of each patient; cancers on some left sides."""
    generator = np.random.default_rng(seed)
    rows, labels = [], []
    for patient in range(patients):
        for side in "LR":
            for view in ("CC", "MLO"):
                rows.append({
                    "sop_instance_uid": f"1.2.{patient}.{side}.{view}",
                    "dataset": None, "patient_id": f"{patient:03}",
                    "laterality": side,
                    "study_date": DAY, "view": view,
                    "patient_age": None if patient == 7 else 50 + patient,
                    "manufacturer": "AB"[patient % 2]})
                labels.append(int(side == "L" and patient % every == 0))
    logits = generator.normal(size=len(labels)) + strength * np.array(labels)
    return evaluation.Scored.of(
        pa.Table.from_pylist(rows), labels, 1 / (1 + np.exp(-logits)))


def point_of(validation):
    return operating_point.choose(
        "cancer", validation.labels, validation.scores, validation.breasts)


VALIDATION, TEST = scored_images(seed=1), scored_images(seed=2)
POINT = point_of(VALIDATION)
