"""The commands of the host, one module each, and what a person sees of them."""
