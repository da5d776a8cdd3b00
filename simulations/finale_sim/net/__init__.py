"""A network in memory, for unmodified programs that speak TCP through trio: its streams and listeners, anyio, httpx, servers.

It stands behind trio's public socket factory, so nothing of trio is patched. What real networks do to programs is a choice.
"""

from finale_sim.net.network import Network, network
from finale_sim.net.weather import FAULTS

__all__ = ["FAULTS", "Network", "network"]
