"""What TensorBoard shows of a finished run, beside its curves. Needs no TensorFlow."""
