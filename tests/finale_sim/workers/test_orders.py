"""The book of orders: chunks of a good size, and each trial in its place whatever happens to its chunk."""

from typing import Any

import pytest

from finale_sim.choices import Decide
from finale_sim.program import PlainProgram
from finale_sim.search import Attempt, EndSearch, following
from finale_sim.workers.orders import Orders
from finale_sim.workers.packing import Results
from tests.finale_sim.workers.programs import sound


def run(decide: Decide, number: int) -> Attempt:
    return Attempt((), number)


@pytest.fixture
def orders() -> Orders:
    """A hundred orders, from number 11 on."""
    book = Orders(PlainProgram("sound", sound), run, before=10)  # type: ignore[arg-type]  # it is called like one
    for number in range(100):
        book.add(following({number: 1}))
    book._trial_s = 0.004
    return book


def taken(book: Orders) -> list[int]:
    numbers = []
    while book.next in book.results:
        numbers.append(book.take().digest)
    return numbers


def results(chunk: Any, count: int | None = None) -> Results:
    return Results([Attempt((), chunk.first + at) for at in range(count or len(chunk.decides))])


def test_chunks_are_long_and_get_shorter_when_little_is_left(orders: Orders) -> None:
    """About a tenth of a second each, as long as all that is not taken is twice that for everybody."""
    sizes, chunks = [], [orders.chunk(2)]
    while orders.waiting:
        chunks.append(orders.chunk(2))
        back = chunks.pop(0)
        orders.enter(back, results(back))
        sizes.append(len(taken(orders)))
    assert sizes[:3] == [25, 25, 18]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_what_waits_to_be_taken_is_made_up_for(orders: Orders) -> None:
    """Chunks do not get shorter because results lie here: when they are taken, as many trials are ordered."""
    assert [len(orders.chunk(2).decides) for _ in range(4)] == [25] * 4
    assert orders.size(2) == 25
    assert not orders.waiting


def test_results_are_taken_in_the_order_of_the_orders(orders: Orders) -> None:
    """Whichever chunk comes back first."""
    one, two = orders.chunk(2), orders.chunk(2)
    orders.enter(two, results(two))
    assert taken(orders) == []
    orders.enter(one, results(one))
    assert taken(orders) == list(range(11, 11 + len(one.decides) + len(two.decides)))


def test_a_chunk_that_is_given_back_waits_in_its_place(orders: Orders) -> None:
    """Its trials come before later ones; and no chunk leaps over trials that are out."""
    one, two, three = (orders.chunk(2) for _ in range(3))
    assert not orders.next_waits
    orders.give_back(three)
    orders.give_back(one)
    assert orders.next_waits
    orders._trial_s = 1e-6  # as many as there are
    again, rest = orders.chunk(1), orders.chunk(1)
    assert again == one
    assert rest.first == three.first
    for chunk in (rest, two, again):
        orders.enter(chunk, results(chunk))
    while orders.waiting:
        chunk = orders.chunk(1)
        orders.enter(chunk, results(chunk))
    assert taken(orders) == list(range(11, 111))


def test_what_ended_a_chunk_is_raised_in_its_turn(orders: Orders) -> None:
    """After the trials before it."""
    chunk = orders.chunk(2)
    orders.enter(chunk, Results(results(chunk, 3).attempts, EndSearch("why")))
    assert taken_until_end(orders) == [11, 12, 13]


def taken_until_end(book: Orders) -> list[int]:
    numbers: list[int] = []
    with pytest.raises(EndSearch, match=r"^why$"):
        numbers.extend(iter(lambda: book.take().digest, None))
    return numbers


def test_trials_here_teach_how_long_they_take(orders: Orders) -> None:
    """And are in their place among those from elsewhere."""
    orders.run_next()
    assert orders.spent_s > 0
    assert taken(orders) == [11]


def test_what_is_dropped_does_not_come_back(orders: Orders) -> None:
    """The next order is the next that is taken."""
    chunk = orders.chunk(2)
    orders.clear()
    orders.add(following({}))
    assert orders.only_one
    assert orders.next_waits
    orders.run_next()
    assert taken(orders) == [111]
    assert chunk.first not in orders.results
