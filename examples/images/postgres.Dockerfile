# PostgreSQL with hypothetical indexes, and the demo's tables and rows in a new volume.
FROM postgres:17

RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-17-hypopg \
    && rm -rf /var/lib/apt/lists/*

COPY captions/sql/tables.sql /docker-entrypoint-initdb.d/1-tables.sql
COPY captions/sql/rows.sql /docker-entrypoint-initdb.d/2-rows.sql
COPY captions/sql/keys.sql /docker-entrypoint-initdb.d/3-keys.sql
COPY images/extensions.sql /docker-entrypoint-initdb.d/4-extensions.sql
