"""What the gate costs, measured against limits. `README.md` says how to run these and how to read what they print."""
