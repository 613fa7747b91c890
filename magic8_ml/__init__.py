"""Magic8 ML, the plugin: a two-stage model that blends into the host's rule scores and watches every five minutes."""
