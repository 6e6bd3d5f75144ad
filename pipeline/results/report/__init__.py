"""The report of a study: a site of static pages that opens from disk, and a server for it on this machine alone."""
