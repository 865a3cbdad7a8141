"""The HTTP API: everything the pages do, for programs."""
