"""The command line: one thin verb per public function. Data on stdout, messages on stderr."""

from stsdetect.cli.app import main

__all__ = ["main"]
