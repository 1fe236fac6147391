"""What is wrong with a data set, and where."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong; nothing personal in either text.

    Attributes:
      where: File within the data set, with the record where it is one.
      what: What was found and what was expected.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
