"""The addresses of the API, by theme; no route does more than to ask others."""
