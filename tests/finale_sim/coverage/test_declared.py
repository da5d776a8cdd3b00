"""Which probes and faults the text of a program names."""

import functools
from collections.abc import Awaitable, Callable

import pytest

import finale_sim
from finale_sim import fault, sometimes
from finale_sim.coverage.declared import declared_in


async def helper() -> None:
    sometimes(1 == 2, "in a helper")  # noqa: PLR0133  # what is compared does not matter here


class Shop:
    async def sell(self) -> None:
        await fault(name="till", drops=True)
        finale_sim.sometimes(condition=True, name="sold")


SHOP = Shop()


async def calls_a_helper() -> None:
    await helper()


async def uses_an_object() -> None:
    await SHOP.sell()


async def has_functions_inside() -> None:
    async def inner() -> None:
        await finale_sim.fault("inside")

    await inner()


async def makes_names_up() -> None:
    for name in ("a", "b"):
        sometimes(True, f"name {name}")  # as people write it


def around() -> Callable[[], Awaitable[None]]:
    shop = Shop()

    async def closes_over() -> None:
        await shop.sell()

    return closes_over


async def unrelated(sometimes: Callable[[bool, str], None]) -> None:
    sometimes(True, "somebody else's")  # as people write it


@pytest.mark.parametrize(
    ("program", "probes", "faults"),
    [
        (helper, ["in a helper"], []),
        (calls_a_helper, ["in a helper"], []),
        (uses_an_object, ["sold"], ["till"]),
        (around(), ["sold"], ["till"]),
        (SHOP.sell, ["sold"], ["till"]),
        (functools.partial(helper), ["in a helper"], []),
        (has_functions_inside, [], ["inside"]),
        (makes_names_up, [], []),
        (eval("lambda: helper()", {"helper": helper}), ["in a helper"], []),  # noqa: S307  # a function without a text
    ],
)
def test_names_are_found_where_the_program_refers_to(program: Callable[[], object], probes: list[str], faults: list[str]) -> None:
    """In functions, methods, objects and closures that it names; not those that are put together while it runs."""
    found = declared_in(program)
    assert (list(found.probes), list(found.faults)) == (probes, faults)
