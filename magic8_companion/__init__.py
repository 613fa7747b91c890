"""Magic8 Companion, the host: observe the market, judge 0DTE strategies, publish what may be traded and why."""
