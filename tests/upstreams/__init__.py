"""Servers that the gate stands in front of, each as its own documents start it: `make proxy`."""
