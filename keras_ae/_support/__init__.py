"""What every package uses: errors, files, checks, progress. Its modules are imported directly."""
