"""Studies on the workers of a Dask cluster. Imported only when a study is given a scheduler."""
