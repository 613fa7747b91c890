"""Win probabilities of concrete trades in process: order and observed market in, an answer or a reason out."""

from magic8_ml.win_predictor.answers import NoWinPrediction, WinPrediction
from magic8_ml.win_predictor.predictor import WinProbabilityPredictor, load_predictor

__all__ = ["NoWinPrediction", "WinPrediction", "WinProbabilityPredictor", "load_predictor"]
