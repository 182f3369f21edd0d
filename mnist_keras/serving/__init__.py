"""Pages that this program serves: who is answered, how, and until when."""
