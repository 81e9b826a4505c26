"""The wire: what travels between the service and its callers. Shapes only, no behaviour.

Requests are closed (an unknown field is an error); replies have no defaults (every field is always sent).
"""
