"""What every room uses: errors, files, checks, progress. Its modules are imported as they are."""
