"""`python -m qamctl` is the command line."""

from qamctl.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
