"""Parallel workers, on this machine or on a Dask cluster."""
