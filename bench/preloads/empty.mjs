// Nothing: what `--import` itself costs.
