"""What the Docker server can be told."""

from pydantic import Field

from stacksight_core.settings import ServerSettings


class Settings(ServerSettings):
    """The engine to look at; by default the one that the docker command would use."""

    docker_host: str = Field(
        "",
        validation_alias="DOCKER_HOST",
        description="Where the engine listens: unix:///path, tcp://host:port or ssh://user@host. "
        "Without it the docker context decides, and without that the usual sockets are tried.",
    )
    docker_context: str = Field(
        "",
        validation_alias="DOCKER_CONTEXT",
        description="The docker context to use instead of the current one.",
    )
    tls_verify: str = Field(
        "",
        validation_alias="DOCKER_TLS_VERIFY",
        description="Not empty: use TLS with DOCKER_HOST and verify the engine's certificate.",
    )
    cert_path: str = Field(
        "",
        validation_alias="DOCKER_CERT_PATH",
        description="Folder with ca.pem, cert.pem and key.pem for TLS.",
    )
