"""What the layers of a trained model do: feature maps, canonical correlations, slopes, spatial information."""
