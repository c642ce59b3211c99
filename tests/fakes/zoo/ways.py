"""Ways to a camera other than plain RTSP over IPv4: TLS with and without a pinned certificate, IPv6, HTTP."""

from __future__ import annotations

from tests.fakes.zoo.accounts import ACCOUNT, DIGEST, asks
from tests.fakes.zoo.scenario import Scenario, refused
from tests.fakes.zoo.tls import fingerprint

SCENARIOS = (
    Scenario(name="rtsps", what="TLS under a certificate that the camera made itself", scheme="rtsps"),
    Scenario(name="rtsps-pinned", what="TLS, the certificate of enrolment", scheme="rtsps", certificate=fingerprint),
    Scenario(name="rtsps-other-certificate", what="TLS, another certificate than at enrolment", scheme="rtsps",
             certificate=lambda: "0" * 64, expect=refused("other-certificate", "certificat")),
    Scenario(name="rtsps-basic", what="Basic, over TLS", scheme="rtsps", account=ACCOUNT,
             answers={"DESCRIBE": lambda ask: ask.usual if ask.headers.get("authorization", "").startswith("Basic ")
                      else ask.says("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')}),
    Scenario(name="ipv6", what="an IPv6 address", address="::1"),
    Scenario(name="ipv6-digest", what="an IPv6 address and an account", address="::1", account=ACCOUNT,
             answers=asks(DIGEST)),
    Scenario(name="http-tunnel", what="RTSP through two HTTP connections", scheme="rtsph"),
    Scenario(name="http-tunnel-account", what="RTSP through HTTP, an account asked for inside", scheme="rtsph",
             account=ACCOUNT, answers=asks(DIGEST)),
    Scenario(name="http-tunnel-refused", what="HTTP answers 404", scheme="rtsph", tunnel="404 Not Found",
             expect=refused("stream-refused", "tunnel")),
)  # fmt: skip
