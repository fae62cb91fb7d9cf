"""Values without I/O that every room may import."""
