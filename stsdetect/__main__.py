"""``python -m stsdetect`` is the command ``stsdetect``."""

from stsdetect.cli import main

if __name__ == "__main__":
    main()
