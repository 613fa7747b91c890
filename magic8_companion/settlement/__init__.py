"""What happened to each published entry: settlement prices, results of trades, and the record of an outcome."""
