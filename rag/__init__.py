"""Questions: passages found, read, cited and checked."""

from rag.wenju import Wenju

__all__ = ["Wenju"]
