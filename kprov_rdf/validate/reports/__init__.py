"""What was found in the documents that were validated, as text, JSON, Turtle, SARIF or JUnit."""
