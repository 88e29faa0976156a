"""Questions: passages found, read, cited and checked."""
