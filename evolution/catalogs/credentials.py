"""Parameters that a caller does not choose: secrets, and what only the transport needs."""

from __future__ import annotations

import re
from collections.abc import Collection

_SECRETS = frozenset(
    """
    authorization proxyauthorization xauthorization cookie apikey xapikey apitoken xapitoken authtoken xauthtoken
    accesstoken xaccesstoken accesskey secretkey apisecret clientsecret bearer bearertoken oauthtoken oauthsignature
    oauthconsumerkey oauthtimestamp oauthnonce oauthsignaturemethod oauthversion subscriptionkey
    ocpapimsubscriptionkey xsubscriptionkey jwt jwttoken xcsrftoken csrftoken xxsrftoken sessiontoken xsessiontoken
    xrapidapikey xrapidapihost xmashapekey appkey xappkey appsecret consumersecret xauthkey xauthemail xapisecret
    xamzalgorithm xamzcontentsha256 xamzcredential xamzdate xamzsecuritytoken xamzsignature xamzsignedheaders
    awsaccesskeyid xgoogapikey privatekey
    """.split()
)
"""Names of secrets, lower case, letters and digits only."""
_TRANSPORT = frozenset(
    """
    accept acceptencoding acceptlanguage contenttype contentlength contentmd5 contentencoding useragent host origin
    referer connection traceparent tracestate xrequestid xcorrelationid xclientrequestid xmsclientrequestid
    xmsreturnclientrequestid xamztarget expect transferencoding
    """.split()
)
"""Headers that a client sets by itself. OpenAPI ignores parameters of the first few by rule."""
_ODD = re.compile(r"[^a-z0-9]+")


def is_secret(name: str, schemes: Collection[str] = ()) -> bool:
    """True for a parameter that carries a secret, by its name or because the document's own schemes say so."""
    return name in schemes or _ODD.sub("", name.lower()) in _SECRETS


def is_transport(name: str) -> bool:
    """True for a header that a client sets by itself."""
    return _ODD.sub("", name.lower()) in _TRANSPORT
