"""The commands of the plugin, one module each, and what a person sees of them."""
