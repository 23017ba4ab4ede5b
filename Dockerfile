# The proxy in a container; see docker-compose.yml. The user's configuration is mounted over /app.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    CLAUDE_LENS_HOME=/data \
    CLAUDE_LENS_CONFIG=/app/litellm_config.yaml \
    LITELLM_LOCAL_MODEL_COST_MAP=True

WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY claude_lens ./claude_lens
COPY callbacks ./callbacks
COPY litellm_config.yaml .env.example ./
RUN pip install --constraint constraints.txt ".[postgres]" \
    && useradd --create-home --uid 1000 lens \
    && mkdir -m 0700 /data \
    && chown lens:lens /data

USER lens
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["lensctl", "status"]
CMD ["lensctl", "up", "--foreground", "--host", "0.0.0.0", "--port", "4000"]
