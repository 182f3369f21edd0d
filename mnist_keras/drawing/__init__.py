"""A page to draw digits on, served on this machine only: trained runs read them at once."""
