"""Everything the contract asks of a plugin, on both databases."""

from dougong.testing import PluginContract


class TestContract(PluginContract):
    plugin = "customers"
