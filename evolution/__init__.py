"""What to ask for next: clusters of tools, and the sampler that draws assignments from them."""
