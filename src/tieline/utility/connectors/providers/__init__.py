"""One folder a provider; each gives ``open_connector(connection)`` and passes ``tests/contract/connectors``."""
