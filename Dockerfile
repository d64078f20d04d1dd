# Photochrom's server in a container; docs/guide/serve.md says how to run it.
#
# Nothing is written but to the volume: the root file system may be read-only, and the user is not root.

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /opt/photochrom \
    && /opt/photochrom/bin/pip install --no-cache-dir --constraint constraints.txt '.[serve]' \
    && /opt/photochrom/bin/python -m compileall -q /opt/photochrom/lib

FROM python:3.12-slim
COPY --from=build /opt/photochrom /opt/photochrom
# Uploads on their way and libvips' working copies lie in the volume, too: TMPDIR.
ENV PATH=/opt/photochrom/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/srv/photochrom \
    HOME=/srv/photochrom
RUN useradd --uid 10001 --no-create-home --home-dir /srv/photochrom --shell /usr/sbin/nologin photochrom \
    && install --directory --owner=photochrom --group=photochrom --mode=0700 /srv/photochrom
USER 10001:10001
WORKDIR /srv/photochrom
VOLUME /srv/photochrom
EXPOSE 8000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from photochrom.client import Client; Client(patience=4).health()"]
CMD ["photochrom", "serve", "--host", "0.0.0.0", "--data", "/srv/photochrom/data", "--token", "@/run/secrets/photochrom"]
