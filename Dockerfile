# A sidecar: pgmend beside the database it mends. Built in two stages so that the image holds no build tools.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements-runtime.txt .
RUN python -m venv /opt/pgmend \
 && /opt/pgmend/bin/pip install --no-cache-dir --require-hashes -r requirements-runtime.txt
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY sql sql
COPY listener listener
COPY api api
RUN /opt/pgmend/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN groupadd --gid 10001 pgmend && useradd --uid 10001 --gid pgmend --no-create-home --home-dir /nonexistent pgmend
COPY --from=build /opt/pgmend /opt/pgmend
ENV PATH=/opt/pgmend/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PGMEND_LOG_FORMAT=json
USER pgmend
EXPOSE 8085
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8085/healthz', timeout=2)"]
ENTRYPOINT ["pgmend"]
CMD ["start", "--host", "0.0.0.0"]
