"""The panel of long jobs across the bottom of the window."""
