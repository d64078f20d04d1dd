"""The web application: a queue of photos, live editing and a REST API on this computer; see docs/guide/serve.md."""
