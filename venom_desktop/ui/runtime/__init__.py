"""The Runtime tab: what runs, what is loaded, how the machine fares, and a place to try a prompt."""
