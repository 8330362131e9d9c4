"""The Papers tab."""
