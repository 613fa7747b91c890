"""From an observed state to a view: pure, explained, the same for live and replay."""
