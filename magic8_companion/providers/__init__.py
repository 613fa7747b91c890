"""Sources of market data behind one port; none of them ever invents a value."""
