"""Background runs for notebooks, scripts, shells and asyncio programs: the face of finale where no trio loop is running.

Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. Never both,
never neither.

Runs live in a thread of finale's own, from the cell that submits them to the end of the kernel. ``await`` works in cells, in
asyncio and in trio, ``wait()`` everywhere else.
"""

from finale.notebook.events import Events
from finale.notebook.run import Run
from finale.notebook.waiting import Waitable
from finale.notebook.workspace import Workspace, open_workspace

__all__ = ["Events", "Run", "Waitable", "Workspace", "open_workspace"]
