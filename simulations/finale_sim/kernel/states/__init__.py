"""States that come back, which is how a livelock is proved: what a state is, who looks for it, and what it cannot see."""
