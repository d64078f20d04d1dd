"""A client for the server that ``photochrom serve`` starts; it needs nothing but Python.

from photochrom.client import Client, Options

client = Client("http://127.0.0.1:8000")
colored = client.colorize(Path("photo.jpg"), Options(saturation=1.2))  # bytes of a JPEG file

job = client.submit(Path("scan.tif"))  # or through the queue
client.wait(job.id)
client.save(job.id, Path("scan-color.tif"))
"""

from photochrom.client.client import Alternative, Client, Job, Options
from photochrom.client.wire import Problem

__all__ = ["Alternative", "Client", "Job", "Options", "Problem"]
