"""Fixtures that every test of the whole shares."""

pytest_plugins = ["dougong.testing.app"]
