"""Questions about a data set that are asked often, as SQL over its tables."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class NamedQuery:
    """One of `QUERIES`.

    Attributes:
      meaning: What it answers, one sentence.
      sql: For DuckDB, over `images`, `records` and `converted`.
    """

    meaning: str
    sql: str


QUERIES: dict[str, NamedQuery] = {
    "splits": NamedQuery(
        "Images, cancers, patients and studies of each split.",
        """
        SELECT split, count(*) AS images,
          count(*) FILTER (cancer = 1) AS cancer,
          count(*) FILTER (cancer = 0) AS not_cancer,
          count(*) FILTER (cancer IS NULL) AS unknown,
          count(DISTINCT (dataset, patient_id)) AS patients,
          count(DISTINCT study_instance_uid) AS studies
        FROM images WHERE status IN ('written', 'planned')
        GROUP BY split
        ORDER BY list_position(['train', 'validation', 'test'], split)
        """),
    "datasets": NamedQuery(
        "Files, images, cancers, patients and studies of each merged data "
        "set.",
        """
        SELECT dataset, count(*) AS files,
          count(*) FILTER (status IN ('written', 'planned')) AS used,
          count(*) FILTER (status IN ('written', 'planned') AND cancer = 1)
            AS cancer,
          count(DISTINCT patient_id) AS patients,
          count(DISTINCT study_instance_uid) AS studies
        FROM images GROUP BY dataset ORDER BY dataset
        """),
    "reasons": NamedQuery(
        "How many files are in no record, why, and one file of each kind.",
        """
        SELECT status, reason, count(*) AS files, min(file) AS for_example,
          arg_min(detail, file) AS its_detail
        FROM images WHERE reason IS NOT NULL
        GROUP BY ALL ORDER BY files DESC, reason
        """),
    "vendors": NamedQuery(
        "Images by manufacturer and model, and how many are in records.",
        """
        SELECT manufacturer, manufacturer_model, count(*) AS images,
          count(*) FILTER (status IN ('written', 'planned')) AS used,
          count(*) FILTER (status IN ('written', 'planned') AND cancer = 1)
            AS cancer,
          min(study_date) AS first_study, max(study_date) AS last_study
        FROM images WHERE sop_instance_uid IS NOT NULL
        GROUP BY ALL ORDER BY images DESC, manufacturer, manufacturer_model
        """),
    "birads": NamedQuery(
        "The BI-RADS that decided against what was found.",
        """
        SELECT birads, count(*) AS images,
          count(*) FILTER (cancer = 1) AS cancer,
          count(*) FILTER (cancer = 0) AS not_cancer,
          count(*) FILTER (follow_up = 1) AS follow_up,
          count(DISTINCT (dataset, patient_id)) AS patients
        FROM images WHERE status IN ('written', 'planned')
        GROUP BY birads ORDER BY birads
        """),
    "ages": NamedQuery(
        "Images, cancers and patients by decade of age.",
        """
        SELECT patient_age // 10 * 10 AS age_from, count(*) AS images,
          count(*) FILTER (cancer = 1) AS cancer,
          count(DISTINCT (dataset, patient_id)) AS patients
        FROM images WHERE status IN ('written', 'planned')
        GROUP BY ALL ORDER BY age_from
        """),
    "cancers_by_view": NamedQuery(
        "Images and cancers by split, view and side.",
        """
        SELECT split, view, laterality, count(*) AS images,
          count(*) FILTER (cancer = 1) AS cancer,
          round(100.0 * count(*) FILTER (cancer = 1) / count(*), 2)
            AS cancer_percent
        FROM images WHERE status IN ('written', 'planned')
        GROUP BY split, view, laterality
        ORDER BY list_position(['train', 'validation', 'test'], split), view,
          laterality
        """),
    "outcomes": NamedQuery(
        "Images by outcome of the screening and by status.",
        """
        SELECT outcome, status, reason, count(*) AS images,
          count(DISTINCT (dataset, patient_id)) AS patients
        FROM images WHERE outcome IS NOT NULL
        GROUP BY ALL ORDER BY outcome, images DESC, status, reason
        """),
    "label_rules": NamedQuery(
        "By which rule images got their diagnosis, and how many of them "
        "contradict the rounding of its date.",
        """
        SELECT label_rule, count(*) AS images,
          count(DISTINCT label_row) AS diagnoses,
          count(*) FILTER (label_contradicts_rounding)
            AS contradict_rounding
        FROM images WHERE label_rule IS NOT NULL
        GROUP BY ALL ORDER BY images DESC, label_rule
        """),
    "laterality_mismatch": NamedQuery(
        "Written images whose pixels show another side than the header says.",
        """
        SELECT file, sop_instance_uid, laterality, laterality_source,
          pixel_laterality, view, manufacturer_model
        FROM images
        WHERE status = 'written' AND pixel_laterality <> laterality
        ORDER BY file
        """),
    "duplicates": NamedQuery(
        "Files that share a SOP Instance UID, side by side.",
        """
        SELECT sop_instance_uid, file, file_bytes, status, reason, detail
        FROM images
        WHERE sop_instance_uid IN (
          SELECT sop_instance_uid FROM images
          WHERE sop_instance_uid IS NOT NULL
          GROUP BY sop_instance_uid HAVING count(*) > 1)
        ORDER BY sop_instance_uid, file
        """),
    "transfer_syntaxes": NamedQuery(
        "Images by the encoding of their pixels, with bytes on disk.",
        """
        SELECT transfer_syntax, lossy, count(*) AS images,
          count(*) FILTER (status IN ('written', 'planned')) AS used,
          sum(file_bytes) AS bytes,
          CAST(round(avg(file_bytes)) AS BIGINT) AS bytes_each
        FROM images WHERE transfer_syntax IS NOT NULL
        GROUP BY ALL ORDER BY images DESC, transfer_syntax
        """),
    "sizes": NamedQuery(
        "Images by the size of their pixel matrix.",
        """
        SELECT "columns" AS width, "rows" AS height, bits_stored,
          photometric, min(imager_pixel_spacing_mm) AS smallest_spacing_mm,
          max(imager_pixel_spacing_mm) AS largest_spacing_mm,
          count(*) AS images
        FROM images WHERE "rows" IS NOT NULL
        GROUP BY ALL ORDER BY images DESC, width, height
        """),
    "variants": NamedQuery(
        "Records and bytes of each variant, by split.",
        """
        SELECT variant, split, count(*) AS records,
          count(DISTINCT shard) AS shards, sum(byte_length) AS bytes,
          min(max_value) AS smallest_max_value,
          max(max_value) AS largest_max_value
        FROM records GROUP BY variant, split
        ORDER BY variant,
          list_position(['train', 'validation', 'test'], split)
        """),
}
