"""How far images must be changed to be misclassified, and what that says about a network."""
