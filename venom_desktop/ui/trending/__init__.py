"""The Trending tab."""
