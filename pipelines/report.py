"""What a build tells a person at its end, and with which exit status."""

from typing import Any, TextIO

from pipelines import config as configs
from pipelines import console
from pipelines import database
from pipelines import local_copies
from pipelines import reasons
from pipelines import remarks
from pipelines import shards
from pipelines.text_table import table


def planned(config: configs.BuildConfig, audit: Any, stream: TextIO,
            results: TextIO) -> int:
    """Prints what `--plan_only` found; returns the exit status."""
    db = database.connect(config.scratch)
    database.view_parquet(db, "plan", local_copies.of([config.plan_path]))
    rows = db.execute("""
        SELECT split, count(*), count(*) FILTER (cancer = 1),
          count(*) FILTER (cancer = 0), count(*) FILTER (cancer IS NULL)
        FROM plan WHERE status = 'planned' GROUP BY 1""").fetchall()
    counts = {split: dict(zip(_SPLIT_COLUMNS, numbers))
              for split, *numbers in rows}
    statuses = dict(db.execute(
        "SELECT status, count(*) FROM plan GROUP BY 1").fetchall())
    why = dict(db.execute(
        "SELECT reason, count(*) FROM plan WHERE reason IS NOT NULL "
        "GROUP BY 1").fetchall())
    print(_tables(counts, statuses, why), file=results)
    odd = dict(db.execute(
        "SELECT remark, count(*) FROM (SELECT unnest(remarks) AS remark "
        "FROM plan) GROUP BY 1").fetchall())
    if odd:
        print("\n" + _remarks(odd), file=results)
    results.flush()
    print(f"\nNothing was converted. The plan: {config.work('plan')}\n"
          f"  python tools/query.py --records={config.output} reasons",
          file=stream)
    return _status(config, audit, statuses, why)


def built(config: configs.BuildConfig, dataset: dict[str, Any], audit: Any,
          stream: TextIO, results: TextIO) -> int:
    """Prints what was written; returns the exit status."""
    counts = dataset["counts"]
    print(_tables(counts["splits"], counts["images"], counts["reasons"]),
          file=results)
    if counts["remarks"]:
        print("\n" + _remarks(counts["remarks"]), file=results)
    print("\n" + table(
        ["variant", "records", "MB", "shards"],
        [[name, f"{variant['records']:,}", f"{variant['bytes'] / 1e6:,.1f}",
          str(sum(variant["shards"].values()))]
         for name, variant in sorted(dataset["variants"].items())]),
        file=results, flush=True)
    where = f"--records={config.output}"
    print(f"""
Look further:
  python tools/query.py {where} reasons
  python tools/query.py {where} "SELECT split, view, count(*) FROM images \
GROUP BY ALL"
  python tools/show_records.py {where} --where="cancer = 1"
  python tools/verify_records.py {where}""", file=stream)
    return _status(config, audit, counts["images"], counts["reasons"])


_SPLIT_COLUMNS = ("images", "cancer", "not_cancer", "unknown")


def _tables(splits: dict[str, dict[str, int]], statuses: dict[str, int],
            why: dict[str, int]) -> str:
    """Images by split and label, and by status and reason."""
    by_split = [[split, *(f"{splits[split][name]:,}"
                          for name in _SPLIT_COLUMNS)]
                for split in shards.SPLITS if split in splits]
    by_reason = []
    for status in reasons.Status:
        if status.value not in statuses:
            continue
        by_reason.append([status.value, "", f"{statuses[status.value]:,}",
                          "", ""])
        by_reason += [
            ["", name, f"{why[name]:,}", reason.meaning, reason.remedy]
            for name, reason in reasons.REASONS.items()
            if name in why and reason.status == status]
    return "\n".join((
        "", table(["split", "images", "cancer", "no cancer", "unknown"],
                  by_split), "",
        table(["status", "reason", "files", "what was found", "what to do"],
              by_reason)))


def _remarks(counts: dict[str, int]) -> str:
    """What is odd about images, whatever became of them."""
    return table(["remark", "images", "what was found, and what is done"],
                 [[code, f"{counts[code]:,}", meaning]
                  for code, meaning in remarks.REMARKS.items()
                  if code in counts])


def _status(config: configs.BuildConfig, audit: Any,
            statuses: dict[str, int], why: dict[str, int]) -> int:
    """The exit status, and in words why it is not 0."""
    if audit.no_match:
        names = {one.name for one in audit.no_match}
        tables = ", ".join(source.labels.table for source in config.sources
                           if source.name in names)
        console.error(f"the label table {tables} matches no image: no image "
                      "was written. See the example keys above")
        return 1
    uncounted = sum(number for name, number in why.items()
                    if reasons.REASONS[name].status is reasons.Status.REJECTED
                    and not reasons.REASONS[name].counts)
    rejected = statuses.get(reasons.Status.REJECTED.value, 0) - uncounted
    total = sum(statuses.values()) - uncounted
    if total and rejected / total > config.max_rejects:
        console.error(
            f"{rejected:,} of {total:,} files ({rejected / total:.1%}) were "
            f"rejected, more than --max_rejects={config.max_rejects}: the "
            "table above says why. What could be written is there")
        return 1
    return 0
