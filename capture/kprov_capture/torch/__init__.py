"""Capture of a training loop in PyTorch.

import kprov_capture.torch as kprov

with kprov.Training("digits-torch", model, optimizer, train=loader, epochs=10) as training:
    for epoch in training.epochs():
        ...
        epoch.log(loss=loss, val_loss=val_loss)
    with training.test((x_test, y_test)) as test:
        test.log(accuracy=accuracy)
    training.save("digits.pt")
"""

from kprov_capture.run import Run
from kprov_capture.torch.training import Metrics, Training

__all__ = ["Metrics", "Run", "Training"]
