"""The Catalog tab: find a model, see whether it runs here, install it."""
