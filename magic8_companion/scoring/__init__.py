"""From a view to rule scores: tables of points, each with its reason."""
