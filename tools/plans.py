"""The shards of a plan that `build_records.py --plan_only` has made."""

from pipelines import config as configs
from pipelines import convert
from pipelines import matching


def tasks(output: str) -> list[convert.ShardTask]:
    """All of them by the default recipe, the largest first, as a build has
    them.

    Args:
      output: Folder of the data set.
    """
    from pipelines import resume  # Imports Beam.

    config = configs.BuildConfig((), output)
    return resume.Existing({}).tasks(
        config, config.recipe, matching.LISTING_SCHEMA.empty_table())
