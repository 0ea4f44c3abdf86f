"""How good samples are: feature distances (Fréchet, kernel), precision and recall."""
