"""The Installed tab: what is on this machine, what it can do, and how much room is left."""
