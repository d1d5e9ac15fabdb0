"""What an importer has to say beside the data: units for whoever reads the file, and what could not be expressed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Remarks:
    """Lines of text that importers append to.

    Attributes
    ----------
    comments
        What the imported file should say about itself, as units of its figures.
    warnings
        What the foreign file says and a problem file can't: it is not in the data.
    """

    comments: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
