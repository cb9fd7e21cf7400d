"""The room that talks to pages, to the browser's worker and to the disk."""
