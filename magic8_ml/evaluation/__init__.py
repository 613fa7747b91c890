"""Prove what the model is worth: walk-forward, baselines on the same rows, proper scores, intervals by day, a report.

Any other report can build on the pieces that know nothing of the model:

- :mod:`~magic8_ml.metrics.day_intervals`: intervals by blocks of days, Diebold-Mariano, Holm;
- :mod:`~magic8_ml.metrics.proper_scores`: Brier, log loss, QLIKE, CRPS, AUC, a value per row;
- :mod:`~magic8_ml.metrics.calibration`: reliability with its noise band, the recalibration line, Murphy's parts;
- :mod:`~magic8_ml.metrics.overfitting` and :mod:`~magic8_ml.evaluation.trials`: what many trials leave;
- :mod:`~magic8_ml.evaluation.markup`, :mod:`~magic8_ml.evaluation.svg`, :mod:`~magic8_ml.evaluation.plots` and
  :mod:`~magic8_ml.evaluation.number_format`: a page in one file, with charts, without a script.
"""
