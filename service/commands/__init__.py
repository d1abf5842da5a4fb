"""The commands of `tellsign`, one noun a file; `service.cli` is their table of contents."""
