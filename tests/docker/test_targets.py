"""Which hosts an environment names, and that nothing else of its values is kept."""

from stacksight_docker.facts import Target
from stacksight_docker.source.targets import find_targets


def test_addresses_are_read_in_all_their_forms() -> None:
    environment = [
        "DATABASE_URL=postgresql+asyncpg://shop:p@ss@localhost:5432/shop",
        "SPRING_DATASOURCE_URL=jdbc:postgresql://pg:5433/shop",
        "REDIS_URL=redis://cache/0",
        "MONGO_URL=mongodb://a:27018,b:27018/shop",
        "DB_HOST=db",
        "DB_PORT=3306",
        "KAFKA_SERVERS=kafka:9092",
        "V6=http://[::1]:80/",
    ]
    assert find_targets(environment) == {
        "DATABASE_URL": Target("localhost", 5432),
        "SPRING_DATASOURCE_URL": Target("pg", 5433),
        "REDIS_URL": Target("cache", 6379),
        "MONGO_URL": Target("a", 27018),
        "DB_HOST": Target("db", 3306),
        "KAFKA_SERVERS": Target("kafka", 9092),
        "V6": Target("::1", 80),
    }


def test_other_values_name_no_host() -> None:
    environment = [
        "HOST=0.0.0.0",
        "HOSTNAME=4f2a",
        "LISTEN_ADDR=127.0.0.1:8000",
        "PUBLIC_URL=http://localhost:3000",
        "PATH=/usr/bin",
        "EMPTY_HOST=",
        "API_KEY=abc",
        "TOKEN_SERVER=abc",
        "BROKEN_URL=postgres://user:12345/6@db/shop",
        "NOTE=see http://x y",
    ]
    assert find_targets(environment) == {}
