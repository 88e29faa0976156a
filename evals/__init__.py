"""Grounding quality: question sets, metrics, runs, comparisons."""
