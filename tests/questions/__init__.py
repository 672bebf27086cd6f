"""The questions of the catalogue, against what Keras itself says of the same trainings."""
