"""A pipeline of scikit-learn on the handwritten digits.

Run it, and then `kprov show @latest`.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kprov_capture.sklearn as kprov

x, x_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=7)
network = MLPClassifier((32,), early_stopping=True, n_iter_no_change=3, random_state=7)
model = kprov.fit(make_pipeline(StandardScaler(), network), x, y, dataflow_tag="digits-sklearn")
print("accuracy", kprov.score(model, x_test, y_test))
kprov.dump(model, "digits.joblib")
