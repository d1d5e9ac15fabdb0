"""How a program is refused: whatever is wrong with it makes its job fail, with a code and a sentence."""

from __future__ import annotations


class BadProgram(Exception):
    """A program that makes its job fail.

    Parameters
    ----------
    code, message
        As the job's `errorData` has them.
    """

    def __init__(self, message: str, code: str = "InvalidInputData") -> None:
        super().__init__(message)
        self.code, self.message = code, message
