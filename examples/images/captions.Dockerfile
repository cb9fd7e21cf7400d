# The captioning service: one image for the web page, the workers and the exporter.
FROM python:3.13-slim

WORKDIR /srv
COPY pyproject.toml ./
COPY captions captions
COPY devstack devstack
RUN pip install --no-cache-dir .

RUN useradd --system captions
USER captions
EXPOSE 8010
CMD ["uvicorn", "captions.web:app", "--host=0.0.0.0", "--port=8010"]
