"""What the layers of a trained model do: feature maps, canonical correlations, smoothness, spatial information."""
