"""What each step touches, so that a search knows which steps may change places."""
