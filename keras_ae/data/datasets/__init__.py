"""Sources of images: the named data sets, folders of files and NumPy archives, one module each."""
