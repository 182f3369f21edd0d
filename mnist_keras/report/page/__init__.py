"""The report as a document, as a web page and as Markdown."""
