"""Where images come from: the named data sets, folders of files and NumPy archives, a file each."""
