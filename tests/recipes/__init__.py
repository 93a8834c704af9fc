"""Recipes of docs/recipes run as they stand there, with the programs that they are for: `make recipes`."""
