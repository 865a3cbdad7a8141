"""`python -m dougong`."""

from dougong.cli import main

main()
