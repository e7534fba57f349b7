"""Ways to serve the site: one small file each, behind one protocol."""
