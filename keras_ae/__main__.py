"""`python -m keras_ae`: the command line."""

import sys

from keras_ae.cli import main

sys.exit(main())
