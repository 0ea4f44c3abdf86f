"""Quality of samples: feature distances (Fréchet, kernel), precision and recall."""
