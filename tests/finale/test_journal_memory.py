"""The journal that lives and dies with the process."""

from finale.events import Event, RunStarted
from finale.journal import Journal, MemoryJournal

EVENTS: list[Event] = [RunStarted("r", "s", seq, 0, 0.0) for seq in (1, 2, 3)]


async def test_what_was_appended_is_read_back_in_order() -> None:
    """Batches follow each other; a seq that is stored twice is there once."""
    journal: Journal = MemoryJournal()
    await journal.append(EVENTS[:2])
    await journal.append(EVENTS[1:])
    assert await journal.read() == EVENTS
    await journal.aclose()


async def test_it_claims_no_durability() -> None:
    """Its events do not survive the process, and a new journal is empty."""
    assert not MemoryJournal().durable
    assert await MemoryJournal().read() == []
