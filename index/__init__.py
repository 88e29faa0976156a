"""Documents: parsed, chunked, embedded and kept in a library on disk."""
