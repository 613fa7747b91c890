"""Learn and prove: data sets, fits, evaluation."""
