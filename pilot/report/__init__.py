"""The report: built once, from integers (document.py), then drawn as JSON, HTML and JUnit."""
