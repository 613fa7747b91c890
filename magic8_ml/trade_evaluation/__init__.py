"""How good win probabilities are: walk-forward by day, beside the prices and base rates that anybody has."""
