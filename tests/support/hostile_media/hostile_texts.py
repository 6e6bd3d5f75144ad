"""Text and other bytes that pass themselves off as clips: playlists, pages, archives, scripts that name other files."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

SENTINEL = b"SENTINEL-OF-THE-FOREIGN-FILE"


def playlists(foreign: Path, canary: str) -> dict[str, bytes]:
    """Lists that make ffmpeg open the foreign file or ask the canary, by file name."""
    sibling, absolute, web = foreign.name, str(foreign), f"{canary}/a.ts"
    concat, hls = (
        "ffconcat version 1.0\nfile {}\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n",
    )
    named = {
        "sibling": sibling,
        "absolute": absolute,
        "http": web,
        "file_url": foreign.as_uri(),
        "passwd": "/etc/passwd",
    }
    lists = {f"ffconcat_{kind}.mp4": concat.format(name) for kind, name in named.items()}
    lists |= {f"hls_{kind}.mp4": hls.format(name) for kind, name in named.items()}
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" '
        'bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    )
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {} RTP/AVP 0\n"
    port = canary.rsplit(":", 1)[1]
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="{canary}/key"\n'
    lists |= {
        "hls.m4a": hls.format(web),
        "hls_with_mark.mp4": "\ufeff" + hls.format(sibling),
        "hls_key.mp4": hls.format(sibling).replace("#EXTINF", key + "#EXTINF"),
        "hls_map.mp4": hls.format(sibling).replace("#EXTINF", f'#EXT-X-MAP:URI="{web}"\n#EXTINF'),
        "hls_master.mp4": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{canary}/list.m3u8\n",
        "hls_concat_protocol.mp4": hls.format(f"concat:{absolute}|{absolute}"),
        "hls_subfile.mp4": hls.format(f"subfile,,start,0,end,9,,:{absolute}"),
        "dash_http.mp4": dash.format(f"{canary}/a.mp4"),
        "dash_sibling.mp4": dash.format(sibling),
        "sdp.mp4": sdp.format(port),
        "asx.mp4": f'<asx version="3.0"><entry><ref href="{web}"/></entry></asx>',
        "pls.mp3": f"[playlist]\nFile1={web}\nNumberOfEntries=1\n",
        "list.mp3": f"{web}\n{absolute}\n",
        "xspf.mp4": f"<playlist><trackList><track><location>{web}</location></track></trackList></playlist>",
        "smil.mp4": f'<smil><body><audio src="{web}"/></body></smil>',
        "avisynth.avi": f'DirectShowSource("{absolute}")\n',
        "vobsub.mp4": "# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 000000000\n",
        "ffmetadata.mp4": ";FFMETADATA1\ntitle=x\n",
        "subtitles.mp4": "1\n00:00:00,000 --> 00:00:05,000\nx\n",
        "cpl.mp4": f'<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>{web}</Id>'
        "</CompositionPlaylist>",
    }
    return {name: text.encode() for name, text in lists.items()}


def documents(foreign: Path, canary: str) -> dict[str, bytes]:
    """Pages, pictures that load others, archives and programs, by file name."""
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{foreign.as_uri()}">]>'
    packed, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escaped.mp4", b"\0" * (32 << 20))
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        archive.add(foreign, "../escaped.wav")
    return {
        "svg.mp4": f'<svg xmlns:x="http://www.w3.org/1999/xlink"><image x:href="{canary}/x.png"/></svg>'.encode(),
        "xml_entity.mp4": f'<?xml version="1.0"?>{entity}<x>&e;</x>'.encode(),
        "page.mp4": f'<!doctype html><img src="{canary}/x.png"><script src="{canary}/x.js"></script>'.encode(),
        "zip.mp4": packed.getvalue(),
        "tar.mp4": tarred.getvalue(),
        "gzip_bomb.mp4": gzip.compress(b"\0" * (32 << 20)),
        "pickle.mp4": pickle.dumps(Path("x")),
        "program.mp4": b"\x7fELF\x02\x01\x01" + b"\0" * 200,
        "script.mp4": b"#!/bin/sh\ntouch escaped\n",
        "sqlite.mp4": b"SQLite format 3\0" + b"\0" * 100,
        "pdf.mp4": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n",
        "jpeg.mp4": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01" + b"\0" * 100,
        "gif.mp4": b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
        "empty.mp4": b"",
        "one_byte.mp4": b"\0",
        "zeros.mp4": b"\0" * (1 << 20),
    }


#: A name that no database can hold as text.
NOT_UTF8 = b"\xff\xfe not utf-8.mp4"
#: Names that a shell, an option parser, a protocol or a terminal would misread; each holds a whole clip.
NAMES = (
    b"-i http:evil.mp4",
    b"-f.mp4",
    b"http:evil.mp4",
    b"concat:a|b.mp4",
    b"subfile,,start,0,end,9,,:x.mp4",
    b"data:audio.mp4",
    b"clip%03d.mp4",
    b"a;touch escaped;.mp4",
    b"$(touch escaped).mp4",
    b"`touch escaped`.mp4",
    b"two\nlines.mp4",
    b"tab\tand\x1b[2J.mp4",
    b"'; DROP TABLE clips; --.mp4",
    b"<script>alert(1)<.mp4",
    b"..mp4.mp4",
    b" .mp4",
    b"CON.mp4",
    b"[bold red]x.mp4",
    "\u202e4pm.mp4".encode(),
    "حقيبة 👩‍👩‍👧 \u0301.mp4".encode(),
    b"n" * 251 + b".mp4",
)
