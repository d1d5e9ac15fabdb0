"""What may be the name of something."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest

from qamctl.emulator.names import is_blob, is_block, is_container, is_id


@pytest.mark.parametrize("name", ["abc", "123", "a-b", "job-1", "a" * 63, f"job-{UUID(int=1)}"])
def test_what_azure_takes_as_a_container_is_one(name: str) -> None:
    """Small letters and digits, and single hyphens within."""
    assert is_container(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 64,
        "Abc",
        "-ab",
        "ab-",
        "a--b",
        "a_b",
        "a.b",
        "a/b",
        "a b",
        "äbc",
        "٣٣٣",
        "abc\n",
        "$root",
        "abc\0",
    ],
)
def test_nothing_else_is_a_container(name: str) -> None:
    """Neither too short nor too long, nor digits of other scripts, nor with the end of a line."""
    assert not is_container(name)


@pytest.mark.parametrize("name", ["a", " ", "a b/c", "😀", "ünï", "a'b\"c%", "\\ud800", "..", "a" * 1024, "\x80\u2028"])
def test_nearly_anything_is_a_blob(name: str) -> None:
    """What a file of any language may be called, up to 1,024 characters."""
    assert is_blob(name)


@pytest.mark.parametrize("name", ["", "a" * 1025, "a\0b", "a\n", "\x1f", "\x7f", "\ud800", "a\udcff"])
def test_controls_and_halves_of_characters_are_no_blob(name: str) -> None:
    """Nor is nothing, or too much."""
    assert not is_blob(name)


@pytest.mark.parametrize("size", [1, 2, 3, 63, 64])
def test_base64_is_a_block(size: int) -> None:
    """With its padding, of at most 64 bytes."""
    assert is_block(base64.b64encode(b"\xff" * size).decode())


@pytest.mark.parametrize(
    "name", ["a", "YQ", "YQ=", "YQ===", "Y Q==", "YQ==\n", "\nYQ==", "_-_-", "é===", "YQ==YQ==", "A" * 88, "../x", "\0"]
)
def test_nothing_else_is_a_block(name: str) -> None:
    """Nor is what a lenient reader would make base64 of, nor 65 bytes and more."""
    assert not is_block(name)


@pytest.mark.parametrize("name", [str(UUID(int=1)), "a", "A", "0", "job.1_a-B", "a..b", "a" * 256])
def test_guids_and_words_are_ids(name: str) -> None:
    """Letters and digits, with a few signs within."""
    assert is_id(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "-a", "a-", "_a", "a.", "a" * 257, "a b", "a/b", "a:b", "ä", "a\n", "٣", "a\0b", "{a}", "a%62"],
)
def test_nothing_else_is_an_id(name: str) -> None:
    """What could be a path, another parameter, or two names to two readers."""
    assert not is_id(name)
