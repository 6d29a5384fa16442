"""Code tasks: families of generated tasks whose outcome is found out by running what was made."""
