"""TLS to the manager interface: whom to trust, and why a connection did not come about, in words an installer can use.

The peer is always verified, by name and by chain (RFC 9525): a manager session that anybody could have taken over is
worse than none. A certificate that Asterisk's own ``ast_tls_cert`` made names nothing but a common name, which no
client accepts any more; the words say what to make instead.
"""

import ssl

from textback_pbx.calls.items import Down
from textback_pbx.calls.settings import AmiSettings


def context(settings: AmiSettings) -> ssl.SSLContext | None:
    """How to verify the peer; None without TLS. Raises OSError for a CA file that cannot be read or holds none."""
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one too
        raise CaFileProblem(f"{settings.ca_file}: {error.strerror or error}") from error


class CaFileProblem(OSError):
    """The CA file cannot be used."""


def reason(error: Exception, settings: AmiSettings) -> tuple[Down, str]:
    """Why there is no connection, and what to do; for every error that connecting can raise."""
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, CaFileProblem):
        return Down.UNTRUSTED, f"the CA file cannot be used ({error}): ami.ca_file must be a readable PEM file"
    if isinstance(error, ssl.SSLCertVerificationError):
        return Down.UNTRUSTED, _unverified(error, where, settings)
    if isinstance(error, ssl.SSLError):
        what = error.reason or str(error)
        return Down.UNREACHABLE, f"{where} does not speak TLS as we do ({what}): {_TLS_PORT}"
    what = str(error) or "no answer"
    return Down.UNREACHABLE, f"no connection to {where} ({what}): is Asterisk up, and is AMI enabled in manager.conf?"


_TLS_PORT = "is that the port of tlsbindaddr (mostly 5039), and is tlsenable = yes in manager.conf?"


def _unverified(error: ssl.SSLCertVerificationError, where: str, settings: AmiSettings) -> str:
    what = error.verify_message
    if "mismatch" in what or "not valid for" in what:
        name = settings.tls_name or settings.host
        return (
            f"the certificate of {where} is not for {name!r} ({what.rstrip('.')}): make one with it in subjectAltName, "
            "or say in ami.tls_name which name it has"
        )
    if "expired" in what or "not yet valid" in what:
        return f"the certificate of {where} is out of its time ({what}): renew it, and look at both clocks"
    return (
        f"the certificate of {where} is not to be trusted ({what}): name the CA that signed it (or, self-signed, the "
        "certificate itself) in ami.ca_file. Nothing was sent to it"
    )
