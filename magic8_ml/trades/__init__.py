"""Win probabilities of concrete trades: features, data set, model, predictor."""
