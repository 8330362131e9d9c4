"""The window: views over core snapshots, and nothing that decides."""
