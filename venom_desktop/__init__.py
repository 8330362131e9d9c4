"""Venom Desktop: find, install, run, switch and watch AI models."""

__version__ = "0.1.0"
