"""`python -m benchmarks [--quick]`: both tables, one after the other."""

import sys

from benchmarks import end_to_end, hot_path

if __name__ == "__main__":
    sys.exit(max(hot_path.main(), end_to_end.main()))
