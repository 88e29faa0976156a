"""The server: answers, documents, batches over HTTP, and the page on top."""
