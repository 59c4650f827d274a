"""The API described by the types that decode and encode it: OpenAPI 3.1 and a page to read."""
