"""The HTTP API and the gateway, imported only when they are switched on."""
