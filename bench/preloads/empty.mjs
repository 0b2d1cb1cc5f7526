// An empty file, which shows what `--import` itself costs.
