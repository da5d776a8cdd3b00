"""Journals: where a workspace writes down what must outlive it.

A journal is a file in this folder with a class of the shape of ``Journal``.
"""

from finale.journal.memory import MemoryJournal
from finale.journal.protocol import Journal

__all__ = ["Journal", "MemoryJournal"]
