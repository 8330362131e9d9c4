"""Addresses at which nobody listens, for tests and benches that want neither a real Ollama nor its library."""

NOWHERE = {
    "OLLAMA_HOST": "127.0.0.1:9",
    "VENOM_OLLAMA_LIBRARY_URL": "http://127.0.0.1:9",
    "VENOM_OLLAMA_REGISTRY_URL": "http://127.0.0.1:9",
    "VENOM_OLLAMA_RELEASES_URL": "http://127.0.0.1:9",
}
