"""The second front door: the plan's classes for Python callers, onto the same pipeline as the command line."""

from __future__ import annotations
