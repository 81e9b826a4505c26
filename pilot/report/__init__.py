"""The report: built once, from integers (document.py), then written as JSON, HTML and JUnit XML."""
