"""Windows of locally embedded autoencoders: their reconstructions, losses and pictures."""
