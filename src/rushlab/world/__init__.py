"""What touches the outside: servers, k6, files, DuckDB, the catalogue."""
