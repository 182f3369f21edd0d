"""From run folders to tables, verdicts, figures and pages. Never imports TensorFlow."""
