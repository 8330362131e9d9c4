"""The Settings tab: what is stored, what the environment decides, and tries that tell in place what came of them."""
