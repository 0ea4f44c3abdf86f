"""Sources of images: the named data sets, folders of files and NumPy archives, a file each."""
