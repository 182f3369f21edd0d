"""What is shown below a cell while it runs, where this process is a notebook's kernel."""
