"""Is this machine fit for training, and if not, what to do? Nothing here fails or waits long."""
