"""Option mathematics: pure functions of numbers, no market data and no clock."""
