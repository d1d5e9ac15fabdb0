"""What is published about the problems: best known makespans, and lower bounds where there are some."""

from __future__ import annotations

import csv
import json
from pathlib import Path


def of_shops(path: Path) -> dict[str, tuple[int, int]]:
    """Best known makespan and lower bound of each shop that a `best_known.json` names."""
    return {row["instance"]: (row["upper_bound"], row["lower_bound"]) for row in json.loads(path.read_text())}


def of_table(path: Path) -> dict[tuple[str, str], int]:
    """Best known makespan by problem and file, as `best_known.csv` names them."""
    with path.open(newline="") as file:
        return {(row["problem"], row["instance"]): int(float(row["bks"])) for row in csv.DictReader(file)}


def of_project(table: dict[tuple[str, str], int], name: str) -> int:
    """Best known makespan of a project of PSPLIB, such as j60_13_1; the table numbers them through, ten a cell."""
    return table["RCPSP", numbered(name)]


def numbered(name: str) -> str:
    """The file that the table calls a project of PSPLIB by: j60_13_1 is J60_121.txt there."""
    family, cell, number = name.split("_")
    return f"{family.upper()}_{(int(cell) - 1) * 10 + int(number)}.txt"
