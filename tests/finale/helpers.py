"""What several of these tests need."""

import logging

import trio

from finale import RunState, Workspace


def quiet() -> logging.Logger:
    """A logger that nobody hears."""
    logger = logging.Logger("quiet")  # noqa: LOG001  # not in the tree of loggers on purpose
    logger.addHandler(logging.NullHandler())
    return logger


async def stray_cancellation() -> trio.Cancelled:
    """A ``trio.Cancelled`` that belongs to no scope any more."""
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            return error.with_traceback(None)
    raise AssertionError


def agrees(workspace: Workspace) -> None:
    """I13, as far as it can be seen at any moment: whatever a workspace is asked, the answers fit together."""
    runs, counts = workspace.runs(), workspace.statistics()
    assert counts.accepted - counts.completed - counts.failed - counts.cancelled == counts.in_flight == len(runs)
    holding = 0
    for name in {run.session for run in runs}:
        view = workspace.session(name)
        mine = [run for run in runs if run.session == name]
        assert view.busy
        assert [run.run_id for run in view.queue] == [run.run_id for run in mine if run.state is RunState.WAITING]
        assert [run.position for run in view.queue] == list(range(len(view.queue)))
        going = [run.run_id for run in mine if run.state in (RunState.ACTIVE, RunState.CANCELLING)]
        assert going == ([view.active.run_id] if view.active is not None else [])
        assert view.active is not None or not any(run.state is RunState.FOLDED for run in mine)
        holding += len(going)
    assert holding <= counts.active
    for run in runs:
        assert (run.status, run.complete) == (None, None)
        assert (run.position is None) is (run.state is not RunState.WAITING)
        same = workspace.run(run.run_id)
        assert same is not None
        assert same.request is run.request
