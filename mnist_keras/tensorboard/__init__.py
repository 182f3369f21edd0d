"""What TensorBoard shows of a run. Needs no TensorFlow."""
