"""TLS with a CA file against a simulated PBX: who is trusted, and the words for whom not. Certificates by openssl."""

import asyncio
import ssl
import subprocess

import pytest

from tests.calls.test_ami import session, take
from textback_pbx.calls.items import Connected, Disconnected, Down
from textback_pbx.testing.asterisk import AmiServer


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def certificate(folder, name, names, days="2"):
    """A self-signed certificate (its own CA) for `names`; returns its path."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", days, *names)  # fmt: skip
    return folder / f"{name}.pem"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    certificate(folder, "pbx", ["-addext", "subjectAltName=IP:127.0.0.1,DNS:pbx.example"])
    certificate(folder, "named", ["-addext", "subjectAltName=DNS:pbx.example"])
    certificate(folder, "common-name", [])  # what Asterisk's own script makes
    certificate(folder, "stranger", ["-addext", "subjectAltName=IP:127.0.0.1"])
    (folder / "empty.pem").write_text("nothing")
    return folder


def server_with(certificates, name) -> AmiServer:
    server = AmiServer()
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return server


@pytest.mark.parametrize("login", ["md5", "plain"])
async def test_a_trusted_pbx_is_talked_to(certificates, login):
    async with server_with(certificates, "pbx") as server:
        async with session(server, tls=True, ca_file=str(certificates / "pbx.pem"), login=login) as made:
            assert (await take(made, Connected)).version == server.version
        assert server.connections_made == 1


async def test_a_name_other_than_the_host_can_be_said(certificates):
    ca = str(certificates / "named.pem")
    async with server_with(certificates, "named") as server:
        async with session(server, tls=True, ca_file=ca, tls_name="pbx.example") as made:
            await take(made, Connected)
        async with session(server, tls=True, ca_file=ca) as made:
            down = await take(made, Disconnected)
            assert down.reason is Down.UNTRUSTED
            assert "is not for '127.0.0.1'" in down.message
            assert "ami.tls_name" in down.message


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        ("pbx", "stranger.pem", "in ami.ca_file"),  # another CA than the one that signed
        ("pbx", None, "in ami.ca_file"),  # the system's CAs do not know it
        ("common-name", "common-name.pem", "subjectAltName"),
        ("pbx", "empty.pem", "must be a readable PEM file"),
        ("pbx", "none.pem", "must be a readable PEM file"),
    ],
)
async def test_who_is_not_trusted_gets_neither_name_nor_secret(certificates, theirs, ours, words):
    async with server_with(certificates, theirs) as server:
        ca_file = str(certificates / ours) if ours else None
        async with session(server, tls=True, ca_file=ca_file, login="plain") as made:
            down = await take(made, Disconnected)
            await take(made, Disconnected)  # and it goes on trying: a renewed certificate needs no restart
        assert down.reason is Down.UNTRUSTED
        assert words in down.message
        assert server.actions == []


async def test_plain_and_tls_that_meet_by_mistake_are_named(certificates):
    async with AmiServer() as plain, session(plain, tls=True, ca_file=str(certificates / "pbx.pem")) as made:
        down = await take(made, Disconnected)
        assert "does not speak TLS" in down.message
        assert "tlsbindaddr" in down.message
    async with server_with(certificates, "pbx") as server, session(server) as made:
        down = await take(made, Disconnected)
        assert down.reason in (Down.PROTOCOL, Down.CLOSED, Down.REFUSED)


async def test_a_renewed_certificate_is_taken_without_a_restart(certificates):
    server = server_with(certificates, "stranger")
    async with server, session(server, tls=True, ca_file=str(certificates / "pbx.pem")) as made:
        assert (await take(made, Disconnected)).reason is Down.UNTRUSTED
        server.tls.load_cert_chain(certificates / "pbx.pem", certificates / "pbx.key")
        async with asyncio.timeout(5):
            await take(made, Connected)
