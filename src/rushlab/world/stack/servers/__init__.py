"""One module per server of the native stack."""
