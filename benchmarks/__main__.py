"""`python -m benchmarks [--quick]`: all tables, one after the other."""

import sys

from benchmarks import end_to_end, flood, hot_path, stores, workers

if __name__ == "__main__":
    sys.exit(max(hot_path.main(), stores.main(), flood.main(), end_to_end.main(), workers.main()))
