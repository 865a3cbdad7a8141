"""Fixtures for the tests of core, of every plugin and of a partner's plugins."""
