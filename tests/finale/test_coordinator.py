"""What counts as a coordinator."""

import functools
from typing import Any

import pytest

import finale
import finale.notebook
from finale.coordinator import Coordinator, as_coordinator


class Complete:
    async def run(self, request: finale.Request, ctx: finale.RunContext) -> str:
        return request.prompt


async def function(request: finale.Request, ctx: finale.RunContext, more: str = "") -> str:
    return request.prompt + more


class Callable:
    async def __call__(self, request: finale.Request, ctx: finale.RunContext) -> str:
        return request.prompt


@pytest.mark.parametrize("target", [Complete(), function, functools.partial(function, more=""), Callable(), Complete().run])
async def test_an_object_or_a_function_works(target: Any) -> None:
    """Anything with an async ``run``, or callable like it."""
    assert isinstance(as_coordinator(target), Coordinator)
    async with finale.open_workspace(target) as workspace:
        assert await workspace.submit("p", "s").result() == "p"


async def prompt_only(prompt):  # type: ignore[no-untyped-def]  # as in the first attempt of somebody
    return prompt


class Greedy:
    async def run(self, request, ctx, tools):  # type: ignore[no-untyped-def]  # the same
        return tools


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (Complete, "Complete is a class; pass an instance"),
        (42, "42 is no coordinator"),
        (None, "None is no"),
        (prompt_only, r"prompt_only\(prompt\) is no coordinator: too many .*; .* async def prompt_only\(request, ctx\)"),
        (Greedy(), r"run\(request, ctx, tools\) is no coordinator: missing a required argument: 'tools'"),
    ],
)
async def test_anything_else_is_refused_at_once(target: Any, says: str) -> None:
    """Opening the workspace raises, before there is anything to run; in a notebook, too."""
    with pytest.raises(TypeError, match=says):
        async with finale.open_workspace(target):
            pytest.fail("opened")
    with pytest.raises(TypeError, match=says):
        finale.notebook.open_workspace(target)


def test_what_signatures_name_can_be_imported() -> None:
    """Whoever passes a view or a choice on may want to name its type."""
    assert {"BrokerStatistics", "SubscriptionStatistics", "WhenBusy"} <= set(finale.__all__)
    assert finale.Statistics.__annotations__["delivery"] is finale.BrokerStatistics
