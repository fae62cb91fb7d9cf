"""Pure judgements: frames and values in, results out."""
