"""Conditions: what a trial lets happen besides the program, and how far its schedules may stray from those of stock trio."""

import enum
from dataclasses import dataclass

__all__ = ["STANDARD", "Conditions", "Fidelity"]


class Fidelity(enum.IntEnum):
    """A rung of the ladder: which schedules a trial may choose from. Each rung has those of the ones below, and more."""

    ROUNDS = 0  #: all that is runnable together takes a step each, in any order: what stock trio promises nothing about
    STEP = 1  #: any runnable task at each step: as if tasks waited for slow disks in between
    TIES = 2  #: and timers that are due at the same instant fire one by one
    FREE = 3  #: and a timer may fire while tasks are runnable: a slow machine

    @property
    def word(self) -> str:
        """The rung as people write it: ``rounds``, ``step``, ``ties``, ``free``."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> "Fidelity":
        """The rung with this word.

        Raises:
            ValueError: there is none.
        """
        for rung in cls:
            if rung.word == word:
                return rung
        raise ValueError(f"there is no fidelity {word!r}; there are: {', '.join(rung.word for rung in cls)}")


@dataclass(frozen=True, slots=True)
class Conditions:
    """Part of a trial's identity: equal choices make an equal trial only under equal conditions, so a token holds them."""

    fidelity: Fidelity = Fidelity.TIES
    cancels: bool = False  #: any open cancel scope of the program may be cancelled before any of its steps
    crashes: bool = False  #: the process of the program may be killed before any of its steps, once
    brief: bool = False  #: a trial has few steps before it has to come to its end: what goes on for ever is told sooner

    def __str__(self) -> str:
        injected = " and ".join(word for word, on in (("cancels", self.cancels), ("crashes", self.crashes)) if on)
        return f"rung {self.fidelity.word}, {injected or 'no cancels or crashes'} injected"

    @property
    def code(self) -> int:
        """These conditions as a number below 256, for tokens."""
        return self.fidelity ^ Fidelity.TIES | self.cancels << 2 | self.crashes << 3 | self.brief << 4  # the standard ones are 0

    def see_that_orders_can_be_left_out(self) -> None:
        """Steps that touch nothing in common may change places, unless something else looks at which of them are over.

        Raises:
            ValueError: here it does.
        """
        if self.cancels or self.crashes or self.fidelity not in (Fidelity.STEP, Fidelity.TIES):
            raise ValueError(
                "the strategy 'exhaustive' is for fidelity 'step' and 'ties', without cancel and crash: "
                "a kill, a cancel or a jump of time can come between any two steps, so each order of them makes a difference; "
                "use 'sweep'"
            )

    @classmethod
    def of_code(cls, code: int) -> "Conditions":
        """The conditions with this number.

        Raises:
            ValueError: there are none.
        """
        if code >> 5:
            raise ValueError(f"there are no conditions with the number {code}")
        return cls(Fidelity(code & 3 ^ Fidelity.TIES), cancels=bool(code & 4), crashes=bool(code & 8), brief=bool(code & 16))


STANDARD = Conditions()
