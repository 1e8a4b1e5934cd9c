"""``python -m longtake``: the same as the command."""

from longtake.cli import main

if __name__ == "__main__":
    main()
