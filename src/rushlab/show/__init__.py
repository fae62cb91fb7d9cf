"""Pictures of results: figures, tables, HTML, JUnit, Markdown, terminal."""
