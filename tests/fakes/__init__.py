"""Stand-ins for the outside world that speak over real sockets and write real files."""
