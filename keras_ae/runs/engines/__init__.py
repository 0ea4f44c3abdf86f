"""Where runs are trained: in processes on this machine, or on a Ray cluster."""
