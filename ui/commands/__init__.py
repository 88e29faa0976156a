"""One module a command: `HELP`, `EXAMPLES`, `add_arguments(parser)` and `run(args)`.

Nothing heavy is imported before `run`: `wenju --help` and `wenju ask` start at once.
"""

# In the order in which a newcomer needs them.
NAMES = (
    "demo", "index", "ask", "search", "chat", "batch", "serve", "keys", "mcp", "sources",
    "glossary", "libraries", "check", "upgrade", "backup", "restore", "doctor", "eval",
)  # fmt: skip
