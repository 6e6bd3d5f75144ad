"""What a page of the report may load: its own files and nothing else (Content Security Policy 3)."""

from __future__ import annotations

#: sha256 of the styles that the vendored libraries write into a page; the browser says the new one when they change.
CHART_STYLE = "sha256-zrfVyvY1E/5V+DXZunsRZW8XTqTsuIZzp8dBDThhSn8="  # Observable Plot, with the class name `chart`
WAVEFORM_STYLE = "sha256-XGW/cX2BkTPWNNT3NdyASrPEWZfPnKdPJaJ2aN7R+v8="  # wavesurfer.js, with the height of `player.js`

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' '{CHART_STYLE}' '{WAVEFORM_STYLE}'",
        "img-src 'self' data:",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
