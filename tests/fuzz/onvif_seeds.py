"""Honest answers to start fuzzing from: a coverage-guided fuzzer finds XML late by itself."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.onvif_answers import probe_match

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:t="http://www.onvif.org/ver10/schema" xmlns:m="http://www.onvif.org/ver20/media/wsdl"><s:Body>{}</s:Body>'
    "</s:Envelope>"
)
BODIES = (
    "<d:R><d:SystemDateAndTime><t:DateTimeType>NTP</t:DateTimeType><t:UTCDateTime><t:Time><t:Hour>1</t:Hour>"
    "<t:Minute>2</t:Minute><t:Second>60</t:Second></t:Time><t:Date><t:Year>2026</t:Year><t:Month>2</t:Month>"
    "<t:Day>3</t:Day></t:Date></t:UTCDateTime></d:SystemDateAndTime></d:R>",
    "<d:R><d:Service><d:Namespace>http://www.onvif.org/ver20/media/wsdl</d:Namespace>"
    "<d:XAddr>http://10.0.0.1:80/m</d:XAddr></d:Service></d:R>",
    "<d:R><d:User><t:Username>a</t:Username><t:UserLevel>User</t:UserLevel></d:User></d:R>",
    "<d:R><d:NetworkInterfaces><t:Enabled>true</t:Enabled><t:Info><t:HwAddress>02:00:00:00:00:01</t:HwAddress>"
    "</t:Info></d:NetworkInterfaces></d:R>",
    "<d:R><d:NetworkProtocols><t:Name>FTP</t:Name><t:Enabled>true</t:Enabled><t:Port>21</t:Port></d:NetworkProtocols>"
    "</d:R>",
    '<d:R><d:Capabilities><d:Security MaxUsers="3" MaxPasswordLength="16"/></d:Capabilities></d:R>',
    '<m:R><m:Profiles token="p"><m:Name>n</m:Name><m:Configurations><m:VideoSource token="v"/><m:VideoEncoder token="e"'
    ' GovLength="25"><t:Encoding>H264</t:Encoding><t:Resolution><t:Width>1</t:Width><t:Height>2</t:Height>'
    "</t:Resolution><t:RateControl><t:FrameRateLimit>25</t:FrameRateLimit><t:BitrateLimit>9</t:BitrateLimit>"
    "</t:RateControl></m:VideoEncoder></m:Configurations></m:Profiles></m:R>",
    '<m:R><m:Options FrameRatesSupported="25 12.5"><t:Encoding>H265</t:Encoding><t:ResolutionsAvailable><t:Width>9'
    "</t:Width><t:Height>9</t:Height></t:ResolutionsAvailable><t:BitrateRange><t:Min>1</t:Min><t:Max>2</t:Max>"
    "</t:BitrateRange></m:Options></m:R>",
    "<m:R><m:Uri>rtsp://a:b@10.0.0.1:554/x?y#z</m:Uri></m:R>",
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>t:NotAuthorized</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason></s:Fault>',
)


def write_seeds(folder: Path) -> None:
    """One file a seed, for both fuzzers."""
    for number, body in enumerate(BODIES):
        (folder / f"soap-{number}.xml").write_text(ENVELOPE.format(body))
    (folder / "probe-match.xml").write_bytes(probe_match("urn:uuid:1", "http://10.42.16.48/a https://a:b@x/y"))
