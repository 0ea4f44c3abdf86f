"""How far images must be changed to be misclassified, and what that says of a network."""
