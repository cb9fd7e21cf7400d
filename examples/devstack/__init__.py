"""The real systems that the demo and the tests run on: Postgres, Redis, a Docker engine."""
