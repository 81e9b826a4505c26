# The service and the pilot in one image, computing on the CPU; for a GPU: docker build --build-arg DEVICE=cuda .
# INDEX may name a package index with smaller, CPU-only builds of PyTorch; without it the default build is installed.
FROM python:3.11-slim-bookworm AS build
ARG INDEX=""
WORKDIR /src
RUN python -m venv /opt/kit
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY service service
COPY pilot pilot
RUN /opt/kit/bin/pip install --no-cache-dir ${INDEX:+--extra-index-url "$INDEX"} --constraint constraints.txt ".[postgres]"

FROM python:3.11-slim-bookworm
ARG DEVICE=cpu
RUN useradd --create-home --uid 10001 factstore && install -d -o factstore -g factstore /data
COPY --from=build /opt/kit /opt/kit
USER factstore
ENV PATH=/opt/kit/bin:$PATH PYTHONUNBUFFERED=1 FACTSTORE_DEVICE=$DEVICE
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
# TLS ends at the proxy in front of the container.
CMD ["python", "-m", "service", "serve", "--data", "/data", "--host", "0.0.0.0", "--port", "8000", "--behind-proxy"]
