"""Who waits for what in a trial that stands still, and who could end the wait."""
