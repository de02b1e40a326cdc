# pgmend beside the database that it mends. Two stages: the image holds neither pip nor what builds wheels.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.txt requirements-runtime.txt ./
# Of requirements.txt only what builds the wheel is wanted here; it is pinned with hashes like the rest.
RUN python -m venv --without-pip /opt/pgmend \
 && pip --python /opt/pgmend/bin/python install --no-cache-dir --require-hashes -r requirements-runtime.txt \
 && sed -n '/^setuptools==/,/[^\\]$/p' requirements.txt > requirements-build.txt \
 && pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY pyproject.toml setup.py README.md LICENSE ./
COPY sql sql
COPY listener listener
COPY api api
COPY rules rules
COPY testing testing
COPY docs/rules docs/rules
RUN pip wheel --no-build-isolation --no-deps --no-index --wheel-dir /dist . \
 && pip --python /opt/pgmend/bin/python install --no-deps --no-index /dist/*.whl

FROM python:3.13-slim
RUN groupadd --gid 10001 pgmend \
 && useradd --uid 10001 --gid pgmend --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pgmend
COPY --from=build /opt/pgmend /opt/pgmend
ENV PATH=/opt/pgmend/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PGMEND_LOG_FORMAT=json
# By number, so that a cluster which admits no root can tell.
USER 10001:10001
EXPOSE 8085
# Whether the process answers, and not whether the database does: what restarts an unhealthy container would not help.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", "import http.client as h; \
c = h.HTTPConnection('127.0.0.1', 8085, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["pgmend"]
CMD ["start", "--host", "0.0.0.0"]
