"""`python -m venom_desktop`."""

import sys

from venom_desktop.app.main import main

if __name__ == "__main__":
    sys.exit(main())
